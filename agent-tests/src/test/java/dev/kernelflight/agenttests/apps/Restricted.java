package dev.kernelflight.agenttests.apps;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Gives up what a container or a service manager may withhold, then becomes another program. What a
 * thread gives up here is its own; the program that it executes inherits it.
 */
public final class Restricted {
  private static final int NOBODY = 65534;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_SET_SECCOMP = 22;
  private static final int SECCOMP_MODE_FILTER = 2;
  private static final int SECCOMP_RET_ALLOW = 0x7fff0000;
  private static final int SECCOMP_RET_ERRNO = 0x00050000;
  private static final int LOAD_WORD = 0x20;
  private static final int JUMP_IF_EQUAL = 0x15;
  private static final int RETURN = 0x06;

  private Restricted() {}

  /**
   * Arguments: "nobody"; "seccomp" with the name of a system call and the errno that it shall
   * answer; or "lsm" with what the kernel's security module shall refuse to user 1000. Then the
   * program and its arguments.
   */
  public static void main(String[] args) {
    List<String> rest = List.of(args);
    try (Arena arena = Arena.ofConfined()) {
      switch (args[0]) {
        case "nobody" -> {
          becomeNobody();
          rest = rest.subList(1, rest.size());
        }
        case "seccomp" -> {
          forbid(arena, number(args[1]), Integer.parseInt(args[2]));
          rest = rest.subList(3, rest.size());
        }
        case "lsm" -> {
          SecurityModule.refuse(arena, args[1]);
          rest = rest.subList(2, rest.size());
        }
        default -> throw new IllegalArgumentException(args[0]);
      }
      List<String> environment =
          System.getenv().entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
      LibC.must(
          "execve",
          LibC.call(
              LibC.EXECVE,
              LibC.string(arena, rest.get(0)).address(),
              LibC.pointers(arena, rest).address(),
              LibC.pointers(arena, environment).address()));
    }
  }

  private static void becomeNobody() {
    LibC.must("setgroups", LibC.call(LibC.SETGROUPS));
    LibC.must("setresgid", LibC.call(LibC.SETRESGID, NOBODY, NOBODY, NOBODY));
    LibC.must("setresuid", LibC.call(LibC.SETRESUID, NOBODY, NOBODY, NOBODY));
  }

  private static int number(String call) {
    return switch (call) {
      case "bpf" -> LibC.BPF;
      case "perf_event_open" -> LibC.PERF_EVENT_OPEN;
      case "process_vm_readv" -> LibC.PROCESS_VM_READV;
      default -> throw new IllegalArgumentException(call);
    };
  }

  /** A seccomp filter: one system call answers an errno, everything else goes through. */
  private static void forbid(Arena arena, int call, int errno) {
    MemorySegment filter = arena.allocate(4 * 8, 8);
    instruction(filter, 0, LOAD_WORD, 0, 0, 0);
    instruction(filter, 1, JUMP_IF_EQUAL, 0, 1, call);
    instruction(filter, 2, RETURN, 0, 0, SECCOMP_RET_ERRNO | errno);
    instruction(filter, 3, RETURN, 0, 0, SECCOMP_RET_ALLOW);
    MemorySegment program = arena.allocate(16, 8);
    program.set(JAVA_SHORT, 0, (short) 4);
    program.set(JAVA_LONG, 8, filter.address());
    LibC.must("prctl", LibC.call(LibC.PRCTL, PR_SET_NO_NEW_PRIVS, 1));
    LibC.must(
        "prctl", LibC.call(LibC.PRCTL, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program.address()));
  }

  private static void instruction(MemorySegment at, int index, int code, int yes, int no, int k) {
    long offset = 8L * index;
    at.set(JAVA_SHORT, offset, (short) code);
    at.set(JAVA_BYTE, offset + 2, (byte) yes);
    at.set(JAVA_BYTE, offset + 3, (byte) no);
    at.set(JAVA_INT, offset + 4, k);
  }
}
