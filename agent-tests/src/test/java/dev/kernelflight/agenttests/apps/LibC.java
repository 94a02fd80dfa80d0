package dev.kernelflight.agenttests.apps;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.function.ToIntBiFunction;

/** System calls as a native library would make them. */
final class LibC {
  static final boolean X86 = System.getProperty("os.arch").equals("amd64");

  // numbers that the two architectures do not share: asm/unistd_64.h, asm-generic/unistd.h
  static final int OPEN = 2;
  static final int CREAT = 85;
  static final int OPENAT = X86 ? 257 : 56;
  static final int OPENAT2 = 437;
  static final int CLOSE = X86 ? 3 : 57;
  static final int GETTID = X86 ? 186 : 178;
  static final int EXECVE = X86 ? 59 : 221;
  static final int PRCTL = X86 ? 157 : 167;
  static final int SETGROUPS = X86 ? 116 : 159;
  static final int SETRESUID = X86 ? 117 : 147;
  static final int SETRESGID = X86 ? 119 : 149;
  static final int SCHED_SETSCHEDULER = X86 ? 144 : 119;
  static final int BPF = X86 ? 321 : 280;
  static final int PERF_EVENT_OPEN = X86 ? 298 : 241;
  static final int PROCESS_VM_READV = X86 ? 310 : 270;
  static final int READ = X86 ? 0 : 63;
  static final int WRITE = X86 ? 1 : 64;
  static final int GETPPID = X86 ? 110 : 173;
  static final int NANOSLEEP = X86 ? 35 : 101;
  static final int RT_SIGPROCMASK = X86 ? 14 : 135;
  static final int SIG_BLOCK = 0;
  static final int SIG_SETMASK = 2;
  static final int SIGUSR2 = 12;
  static final int FSYNC = X86 ? 74 : 82;
  static final int PIPE2 = X86 ? 293 : 59;
  static final int SOCKET = X86 ? 41 : 198;
  static final int CONNECT = X86 ? 42 : 203;
  static final int BIND = X86 ? 49 : 200;
  static final int LISTEN = X86 ? 50 : 201;
  static final int ACCEPT4 = X86 ? 288 : 242;
  static final int SENDTO = X86 ? 44 : 206;
  static final int RECVFROM = X86 ? 45 : 207;
  static final int TGKILL = X86 ? 234 : 131;
  static final int GETRANDOM = X86 ? 318 : 278;
  static final int FUTEX = X86 ? 202 : 98;

  static final int AT_FDCWD = -100;

  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(PathElement.groupElement("errno"));
  static final long STATE_BYTES = Linker.Option.captureStateLayout().byteSize();

  private static final MethodHandle SYSCALL = link();

  private LibC() {}

  private static MethodHandle link() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find("syscall").orElseThrow(),
        FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
        Linker.Option.firstVariadicArg(1),
        Linker.Option.captureCallState("errno"));
  }

  /** The result, or the negative errno. */
  static long call(int number, long... arguments) {
    long[] a = java.util.Arrays.copyOf(arguments, 6);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      long result =
          (long) SYSCALL.invokeExact(state, (long) number, a[0], a[1], a[2], a[3], a[4], a[5]);
      return result == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : result;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /**
   * The same without an allocation.
   *
   * @param state of {@link #STATE_BYTES} bytes
   */
  static long call(MemorySegment state, int number, long first, long second) {
    try {
      long result = (long) SYSCALL.invokeExact(state, (long) number, first, second, 0L, 0L, 0L, 0L);
      return result == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static int gettid() {
    return (int) call(GETTID);
  }

  /** Runs it with a frame of native code on the stack: the C library compares two elements. */
  static void throughNative(Runnable what) {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle sort =
          linker.downcallHandle(
              linker.defaultLookup().find("qsort").orElseThrow(),
              FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
      ToIntBiFunction<Object, Object> run =
          (one, other) -> {
            what.run();
            return 0;
          };
      MethodHandle compare =
          MethodHandles.lookup()
              .bind(run, "applyAsInt", MethodType.methodType(int.class, Object.class, Object.class))
              .asType(MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
      MemorySegment stub =
          linker.upcallStub(compare, FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS), arena);
      sort.invokeExact(arena.allocate(2), 2L, 1L, stub);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static void must(String what, long result) {
    if (result < 0) {
      throw new IllegalStateException(what + ": errno " + -result);
    }
  }

  /** A NUL-terminated string. */
  static MemorySegment string(Arena arena, byte[] bytes) {
    MemorySegment copy = arena.allocate(bytes.length + 1L);
    copy.copyFrom(MemorySegment.ofArray(bytes));
    return copy;
  }

  static MemorySegment string(Arena arena, String text) {
    return string(arena, text.getBytes(StandardCharsets.UTF_8));
  }

  /** {@code struct open_how}. */
  static MemorySegment how(Arena arena, long flags, long mode) {
    MemorySegment how = arena.allocate(24, 8);
    how.set(JAVA_LONG, 0, flags);
    how.set(JAVA_LONG, 8, mode);
    return how;
  }

  /** An array of pointers that ends with a null pointer. */
  static MemorySegment pointers(Arena arena, java.util.List<String> texts) {
    MemorySegment array = arena.allocate(8L * (texts.size() + 1), 8);
    for (int i = 0; i < texts.size(); i++) {
      array.set(JAVA_LONG, 8L * i, string(arena, texts.get(i)).address());
    }
    return array;
  }

  /**
   * Ends the thread that the process began with, as programs do that start a JVM and then leave it
   * alone: a signal whose handler is pthread_exit.
   */
  static void endFirstThread() {
    int signal = 40;
    Linker linker = Linker.nativeLinker();
    try {
      MethodHandle install =
          linker.downcallHandle(
              linker.defaultLookup().find("signal").orElseThrow(),
              FunctionDescriptor.of(ADDRESS, JAVA_INT, ADDRESS));
      MemorySegment handler = linker.defaultLookup().find("pthread_exit").orElseThrow();
      MemorySegment before = (MemorySegment) install.invokeExact(signal, handler);
      must("signal", before.address());
      long pid = ProcessHandle.current().pid();
      must("tgkill", call(TGKILL, pid, pid, signal));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** {@code SCHED_IDLE} for one thread: it runs when nothing else wants to. */
  static void makeIdle(int tid) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment priority = arena.allocate(JAVA_INT);
      must("sched_setscheduler", call(SCHED_SETSCHEDULER, tid, 5, priority.address()));
    }
  }
}
