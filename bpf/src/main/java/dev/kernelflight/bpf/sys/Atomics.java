package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Ordered access to numbers that the kernel writes on another CPU: what it published before is
 * visible after an acquire, and what was read before is done with at a release. Offsets are bytes
 * and naturally aligned.
 *
 * <p>Of all classes this one alone knows that the foreign-memory API of JDK 21, where it was a
 * preview, differs from the later ones. The others use only what both have ({@code Jdk21ApiTest}).
 */
public final class Atomics {
  private static final VarHandle LONG = handle(JAVA_LONG);
  private static final VarHandle INT = handle(JAVA_INT);

  private Atomics() {}

  /**
   * JDK 21 gives a handle on a segment alone, later ones on a segment and an offset. The method
   * without parameters, which value layouts have, is not in 21; this one takes a path, here empty.
   */
  private static VarHandle handle(MemoryLayout layout) {
    VarHandle handle = layout.varHandle();
    return handle.coordinateTypes().size() == 1
        ? handle
        : MethodHandles.insertCoordinates(handle, 1, 0L);
  }

  /** Reads the long that is all of the segment. */
  public static long loadAcquire(MemorySegment eightBytes) {
    return (long) LONG.getAcquire(eightBytes);
  }

  /** Writes the long that is all of the segment. */
  public static void storeRelease(MemorySegment eightBytes, long value) {
    LONG.setRelease(eightBytes, value);
  }

  /** Reads the int that is all of the segment. */
  public static int loadAcquireInt(MemorySegment fourBytes) {
    return (int) INT.getAcquire(fourBytes);
  }

  /** Writes the int that is all of the segment. */
  public static void storeReleaseInt(MemorySegment fourBytes, int value) {
    INT.setRelease(fourBytes, value);
  }
}
