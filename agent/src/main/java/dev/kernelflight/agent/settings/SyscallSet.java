package dev.kernelflight.agent.settings;

import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Resource;
import dev.kernelflight.bpf.source.Syscalls;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sets of system calls by name and group, as the setting {@code syscalls} has them. */
public final class SyscallSet {
  private static final String GROUPS = "syscall-groups.txt";
  private static final String ALL = "all";

  private final KernelNames names;
  private final Map<String, List<String>> groups = new TreeMap<>();

  private static final class OfThisMachine {
    static final SyscallSet INSTANCE = new SyscallSet(KernelNames.ofThisMachine());
  }

  /** With the names on the architecture of this machine. */
  public static SyscallSet ofThisMachine() {
    return OfThisMachine.INSTANCE;
  }

  SyscallSet(KernelNames names) {
    this.names = names;
    for (String line : Resource.lines(SyscallSet.class, GROUPS)) {
      int colon = line.indexOf(':');
      groups.put(
          line.substring(0, colon), List.of(line.substring(colon + 1).strip().split(" ", -1)));
    }
  }

  /**
   * Reads names and groups separated by commas, from left to right; one with {@code !} is left out,
   * and a text that begins with one starts from all.
   */
  public BitSet parse(String text) throws BadSettingException {
    BitSet set = new BitSet(Syscalls.MOST);
    boolean first = true;
    for (String item : text.split(",", -1)) {
      String name = item.strip();
      boolean out = name.startsWith("!");
      if (out) {
        name = name.substring(1).strip();
        if (first) {
          set.set(0, Syscalls.MOST);
        }
      }
      if (out) {
        set.andNot(members(name));
      } else {
        set.or(members(name));
      }
      first = false;
    }
    return set;
  }

  private BitSet members(String name) throws BadSettingException {
    BitSet members = new BitSet(Syscalls.MOST);
    List<String> group = groups.get(name);
    if (name.equals(ALL)) {
      members.set(0, Syscalls.MOST);
    } else if (group != null) {
      group.stream()
          .filter(names::hasSyscall)
          .forEach(call -> members.set(names.syscallNumber(call)));
    } else if (names.hasSyscall(name)) {
      members.set(names.syscallNumber(name));
    } else {
      throw new BadSettingException(
          "\""
              + name
              + "\" is no system call of this architecture, and no group: those are "
              + ALL
              + ", "
              + String.join(", ", groups.keySet()));
    }
    return members;
  }
}
