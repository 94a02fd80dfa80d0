package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** RLIMIT_MEMLOCK, which kernels before 5.11 charge BPF maps to (64 kB by default). */
public final class MemoryLock {
  private static final int RLIMIT_MEMLOCK = 8;
  private static final int THIS_PROCESS = 0;

  private MemoryLock() {}

  /** The soft limit in bytes; -1 for none. */
  public static long limit() throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(16, 8);
      Native.check(
          "prlimit64(RLIMIT_MEMLOCK)",
          Native.call(Native.PRLIMIT64, THIS_PROCESS, RLIMIT_MEMLOCK, 0, limits.address(), 0, 0));
      return limits.get(JAVA_LONG, 0);
    }
  }

  /** Lifts the limit for this process, which needs CAP_SYS_RESOURCE; or up to the hard limit. */
  public static void lift() throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(16, 8);
      limits.set(JAVA_LONG, 0, -1L);
      limits.set(JAVA_LONG, 8, -1L);
      long result = set(limits);
      if (result < 0) {
        Native.check(
            "prlimit64(RLIMIT_MEMLOCK)",
            Native.call(Native.PRLIMIT64, THIS_PROCESS, RLIMIT_MEMLOCK, 0, limits.address(), 0, 0));
        limits.set(JAVA_LONG, 0, limits.get(JAVA_LONG, 8));
        Native.check("prlimit64(RLIMIT_MEMLOCK, the hard limit)", set(limits));
      }
    }
  }

  /**
   * Whether the limit holds for BPF maps, as it does before 5.11: asked by making a map while the
   * limit is 0. Only for a process that has nothing else to lock meanwhile.
   */
  public static boolean limitsMaps() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(16, 8);
      Native.check(
          "prlimit64(RLIMIT_MEMLOCK)",
          Native.call(Native.PRLIMIT64, THIS_PROCESS, RLIMIT_MEMLOCK, 0, limits.address(), 0, 0));
      long soft = limits.get(JAVA_LONG, 0);
      limits.set(JAVA_LONG, 0, 0L);
      Native.check("prlimit64(RLIMIT_MEMLOCK, 0)", set(limits));
      try {
        Bpf.createMap("limit", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, Long.BYTES, 1, 0).close();
        return false;
      } catch (KernelException e) {
        return e.errno() == Errno.EPERM;
      } finally {
        limits.set(JAVA_LONG, 0, soft);
        set(limits);
      }
    } catch (KernelException e) {
      return false;
    }
  }

  private static long set(MemorySegment limits) {
    return Native.call(Native.PRLIMIT64, THIS_PROCESS, RLIMIT_MEMLOCK, limits.address(), 0, 0, 0);
  }
}
