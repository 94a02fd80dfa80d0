package dev.kernelflight.benchmarks;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * CPU time of all child processes that have ended, by getrusage(2): exact to the microsecond, where
 * {@code ProcessHandle} and /proc count in ticks of 10 ms.
 */
final class ChildCpuTime {
  private static final int RUSAGE_CHILDREN = -1;

  /** {@code struct rusage} begins with two timevals (s, us), user and system; 14 longs follow. */
  private static final int RUSAGE_BYTES = 18 * Long.BYTES;

  private static final MethodHandle GETRUSAGE =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("getrusage").orElseThrow(),
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

  private ChildCpuTime() {}

  static long micros() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment usage = arena.allocate(RUSAGE_BYTES, Long.BYTES);
      if ((int) GETRUSAGE.invokeExact(RUSAGE_CHILDREN, usage) != 0) {
        throw new IllegalStateException("getrusage failed");
      }
      return micros(usage, 0) + micros(usage, 2);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a native function cannot throw", e);
    }
  }

  private static long micros(MemorySegment usage, int index) {
    return usage.getAtIndex(JAVA_LONG, index) * 1_000_000 + usage.getAtIndex(JAVA_LONG, index + 1);
  }
}
