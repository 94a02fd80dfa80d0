package dev.kernelflight.bpf.abi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of the kernel's numbers on one architecture, read from a table that {@code
 * bpf/build-objects} generates from the UAPI headers. Immutable and safe for any thread.
 */
public final class KernelNames {
  private static final long ACCESS_MODE = 3;
  private static final int FUTEX_PRIVATE = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;

  private record Flag(long bits, String name) {}

  private final Map<Integer, String> errnos = new HashMap<>();
  private final Map<Integer, String> signals = new HashMap<>();
  private final Map<Integer, String> futexOperations = new HashMap<>();
  private final Map<String, Integer> syscallNumbers = new HashMap<>();
  private final Map<Integer, String> syscalls = new HashMap<>();
  private final List<Flag> openFlags = new ArrayList<>();
  private final String[] accessModes = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};

  private static final class OfThisMachine {
    static final KernelNames INSTANCE = new KernelNames(Architecture.current());
  }

  private KernelNames(Architecture architecture) {
    String table = "/dev/kernelflight/bpf/kernel-names-" + architecture.kernelName() + ".txt";
    Resource.lines(KernelNames.class, table).forEach(this::add);
    // O_SYNC contains O_DSYNC and O_TMPFILE contains O_DIRECTORY: the larger one names both
    openFlags.sort(Comparator.comparingInt((Flag flag) -> -Long.bitCount(flag.bits)));
  }

  /** The names on the architecture of {@link Architecture#current()}. */
  public static KernelNames ofThisMachine() {
    return OfThisMachine.INSTANCE;
  }

  /** The names on a given architecture. */
  public static KernelNames of(Architecture architecture) {
    return new KernelNames(architecture);
  }

  private void add(String line) {
    int first = line.indexOf(' ');
    int second = line.indexOf(' ', first + 1);
    long number = Long.parseLong(line, first + 1, second, 10);
    String name = line.substring(second + 1);
    switch (line.substring(0, first)) {
      case "errno" -> errnos.putIfAbsent((int) number, name);
      case "syscall" -> {
        syscalls.putIfAbsent((int) number, name);
        syscallNumbers.put(name, (int) number);
      }
      case "signal" -> signals.putIfAbsent((int) number, name);
      case "futex" -> futexOperations.putIfAbsent((int) number, name);
      case "open_flag" -> {
        if ((number & ~ACCESS_MODE) != 0) {
          openFlags.add(new Flag(number, name));
        }
      }
      default -> throw new IllegalStateException("not a line of a kernel names table: " + line);
    }
  }

  /** The name of a positive errno, such as {@code ENOENT}; {@code errno 999} for an unknown one. */
  public String errno(int errno) {
    String name = errnos.get(errno);
    return name == null ? "errno " + errno : name;
  }

  /** The name of a system call's number, or null for one newer than this table. */
  public @Nullable String syscall(int number) {
    return syscalls.get(number);
  }

  /**
   * The number of a system call.
   *
   * @throws UnsupportedOperationException if the architecture has none of that name
   */
  public int syscallNumber(String name) {
    Integer number = syscallNumbers.get(name);
    if (number == null) {
      throw new UnsupportedOperationException("no system call " + name + " on this architecture");
    }
    return number;
  }

  /** The names and numbers of all system calls. */
  public Map<String, Integer> syscalls() {
    return Collections.unmodifiableMap(syscallNumbers);
  }

  /** Whether the architecture has a system call of that name. */
  public boolean hasSyscall(String name) {
    return syscallNumbers.containsKey(name);
  }

  /** The name of a signal, such as {@code SIGTERM}; its number for an unnamed one. */
  public String signal(int number) {
    String name = signals.get(number);
    return name == null ? Integer.toString(number) : name;
  }

  /** An operation of futex(2) as in C, {@code FUTEX_WAIT|FUTEX_PRIVATE_FLAG}. */
  public String futexOperation(int operation) {
    int command = operation & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
    String name = futexOperations.get(command);
    return (name == null ? Integer.toString(command) : name)
        + ((operation & FUTEX_PRIVATE) != 0 ? "|FUTEX_PRIVATE_FLAG" : "")
        + ((operation & FUTEX_CLOCK_REALTIME) != 0 ? "|FUTEX_CLOCK_REALTIME" : "");
  }

  /**
   * The bits of a flag of open(2), such as {@code O_NOFOLLOW}.
   *
   * @throws UnsupportedOperationException if the architecture has none of that name
   */
  public long openFlag(String name) {
    for (Flag flag : openFlags) {
      if (flag.name.equals(name)) {
        return flag.bits;
      }
    }
    throw new UnsupportedOperationException("no open flag " + name + " on this architecture");
  }

  /** Flags of open(2) as in C, {@code O_WRONLY|O_CREAT|O_CLOEXEC}; unknown bits as hex. */
  public String openFlags(long flags) {
    StringBuilder text = new StringBuilder(accessModes[(int) (flags & ACCESS_MODE)]);
    long rest = flags & ~ACCESS_MODE;
    for (Flag flag : openFlags) {
      if ((rest & flag.bits) == flag.bits) {
        text.append('|').append(flag.name);
        rest &= ~flag.bits;
      }
    }
    if (rest != 0) {
      text.append("|0x").append(Long.toHexString(rest));
    }
    return text.toString();
  }
}
