package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.abi.KernelNames;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/**
 * The one downcall: libc's {@code syscall(2)}. Every call goes through this single shape, so that
 * the JVM links one stub instead of a dozen, and needs no libc function that musl or an old glibc
 * may lack. Pointers travel as addresses; who passes one keeps its segment reachable until the call
 * is back.
 */
final class Native {
  private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURED.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL = linkSyscall();
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURED));

  static final int BPF = number("bpf");
  static final int PERF_EVENT_OPEN = number("perf_event_open");
  static final int CLOSE = number("close");
  static final int MMAP = number("mmap");
  static final int MUNMAP = number("munmap");
  static final int IOCTL = number("ioctl");
  static final int READ = number("read");
  static final int WRITE = number("write");
  static final int EPOLL_CREATE1 = number("epoll_create1");
  static final int EPOLL_CTL = number("epoll_ctl");
  static final int EPOLL_PWAIT = number("epoll_pwait");
  static final int EVENTFD2 = number("eventfd2");
  static final int PRLIMIT64 = number("prlimit64");
  static final int PROCESS_VM_READV = number("process_vm_readv");
  static final int GETPID = number("getpid");
  static final int GETTID = number("gettid");
  static final int SETPRIORITY = number("setpriority");
  static final int GETEUID = number("geteuid");
  static final int OPENAT = number("openat");
  static final int MKDIRAT = number("mkdirat");
  static final int UNLINKAT = number("unlinkat");
  static final int RENAMEAT2 = number("renameat2");
  static final int STATX = number("statx");
  static final int FCHOWN = number("fchown");
  static final int FCHMOD = number("fchmod");
  static final int SENDFILE = number("sendfile");

  private Native() {}

  private static int number(String name) {
    return KernelNames.ofThisMachine().syscallNumber(name);
  }

  private static MethodHandle linkSyscall() {
    Linker linker = Linker.nativeLinker();
    MemorySegment function =
        linker
            .defaultLookup()
            .find("syscall")
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no syscall function"));
    return linker.downcallHandle(
        function,
        FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
        Linker.Option.firstVariadicArg(1),
        Linker.Option.captureCallState("errno"));
  }

  /** Makes a system call: its result, or the negative errno. */
  static long call(int number, long a1, long a2, long a3, long a4, long a5, long a6) {
    MemorySegment capture = CAPTURE.get();
    long result;
    try {
      result = (long) SYSCALL.invokeExact(capture, (long) number, a1, a2, a3, a4, a5, a6);
    } catch (Throwable e) {
      throw new AssertionError("syscall(2) itself cannot throw", e);
    }
    return result == -1 ? -capture.get(JAVA_INT, ERRNO_OFFSET) : result;
  }

  static long call(int number, long a1, long a2, long a3) {
    return call(number, a1, a2, a3, 0, 0, 0);
  }

  /** The result, or an exception that names the call where it is a negative errno. */
  static long check(String call, long result) throws KernelException {
    if (result < 0 && result > -4096) {
      throw new KernelException(call, (int) -result);
    }
    return result;
  }
}
