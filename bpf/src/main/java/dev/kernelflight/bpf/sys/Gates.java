package dev.kernelflight.bpf.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * What stands before the kernel's own code of a system call: a seccomp filter, then a security
 * module. Both answer with an errno of their choice, which looks like the kernel's. So the same
 * call is made once more with arguments that the kernel always refuses with another errno: whoever
 * answers otherwise stands before it.
 *
 * <p>The order of the kernel's checks: {@code __sys_bpf} in kernel/bpf/syscall.c, {@code
 * perf_event_open} in kernel/events/core.c, {@code process_vm_rw} in mm/process_vm_access.c.
 */
public final class Gates {
  private static final int TOO_LARGE = 1 << 20;
  private static final int ATTR_BYTES = 120;
  private static final int NO_FLAG = -1;

  // of the kernel's linux/bpf.h; offsets in union bpf_attr
  private static final int PROG_LOAD = 5;
  private static final int BTF_LOAD = 18;
  private static final int PROG_TYPE_KPROBE = 2;
  private static final long PROG_INSTRUCTIONS = 4;
  private static final long PROG_LICENSE = 16;

  private Gates() {}

  /** Whether a seccomp filter gave this answer: the call does not reach the kernel. */
  public static boolean isFiltered(KernelException e) {
    return e.errno() == -pastFilters(e.systemCall(), e.call());
  }

  /**
   * The answer of a seccomp filter to a system call, if one refuses it. Only for processes that
   * have a filter and CAP_BPF: some kernels answer EPERM to bpf(2) just as early.
   */
  public static Optional<KernelException> filterOf(String systemCall) {
    long answer = pastFilters(systemCall, "");
    return answer == -Errno.E2BIG || answer == -Errno.EINVAL || answer >= 0
        ? Optional.empty()
        : Optional.of(new KernelException(systemCall, (int) -answer));
  }

  /** The errno with which the kernel always refuses it, unless a filter answers before. */
  private static long pastFilters(String systemCall, String call) {
    return switch (systemCall) {
      case "bpf" -> bpf(call, TOO_LARGE);
      case "perf_event_open" -> Native.call(Native.PERF_EVENT_OPEN, 0, 0, 0, -1, NO_FLAG, 0);
      case "process_vm_readv" -> Native.call(Native.PROCESS_VM_READV, 0, 0, 0, 0, 0, NO_FLAG);
      default -> 0;
    };
  }

  /**
   * Whether a security module, or a setting that forbids the whole call, gave this answer: the call
   * does not reach the code that looks at its arguments.
   */
  public static boolean isForbidden(KernelException e) {
    long answer =
        switch (e.systemCall()) {
          case "bpf" -> bpf(e.call(), ATTR_BYTES);
          case "perf_event_open" -> Native.call(Native.PERF_EVENT_OPEN, 0, 0, 0, -1, 0, 0);
          default -> 0;
        };
    return answer == -Errno.EPERM || answer == -Errno.EACCES;
  }

  /**
   * A capability that counts for nothing, though this process has it: a security module refuses it.
   * The kernel asks for it before it looks at what the command is about.
   *
   * @return its name
   */
  public static Optional<String> refusedCapability() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      if (Native.call(Native.BPF, BTF_LOAD, attr.address(), ATTR_BYTES) == -Errno.EPERM) {
        return Optional.of("CAP_BPF");
      }
      attr.set(ValueLayout.JAVA_INT, 0, PROG_TYPE_KPROBE);
      attr.set(ValueLayout.JAVA_INT, PROG_INSTRUCTIONS, 1);
      attr.set(ValueLayout.JAVA_LONG, PROG_LICENSE, attr.asSlice(ATTR_BYTES - 1).address());
      return Native.call(Native.BPF, PROG_LOAD, attr.address(), ATTR_BYTES) == -Errno.EPERM
          ? Optional.of("CAP_PERFMON")
          : Optional.empty();
    }
  }

  /** The command with nothing but ones: no such type, no such descriptor, no such address. */
  private static long bpf(String call, int bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.fill((byte) -1);
      return Native.call(Native.BPF, Bpf.command(call), attr.address(), bytes);
    }
  }
}
