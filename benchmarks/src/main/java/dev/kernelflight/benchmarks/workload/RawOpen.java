package dev.kernelflight.benchmarks.workload;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** open(2) and close(2) with nothing around them: the most opens that a Java thread can make. */
final class RawOpen {
  private static final int READ_ONLY_CLOEXEC = 0x80000;
  private static final MethodHandle OPEN =
      link(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      link("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private RawOpen() {}

  private static MethodHandle link(String name, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type, options);
  }

  static void openAndClose(String path, int times) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(path);
      for (int i = 0; i < times; i++) {
        int fd = (int) OPEN.invokeExact(text, READ_ONLY_CLOEXEC);
        if (fd < 0 || (int) CLOSE.invokeExact(fd) != 0) {
          throw new IllegalStateException("cannot open or close " + path);
        }
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a native function cannot throw", e);
    }
  }
}
