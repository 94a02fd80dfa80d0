package dev.kernelflight.bpf.sys;

import dev.kernelflight.bpf.abi.KernelNames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** System calls by name, for tests that must know exactly which call was made. */
public final class RawSyscalls {
  /** {@code AT_FDCWD}. */
  public static final int WORKING_DIRECTORY = -100;

  private RawSyscalls() {}

  /**
   * Makes a call: its result, or the negative errno.
   *
   * @param arguments numbers as they are, texts and bytes as the address of a copy that ends in NUL
   */
  public static long call(String name, Object... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      long[] words = new long[6];
      for (int i = 0; i < arguments.length; i++) {
        words[i] =
            switch (arguments[i]) {
              case Number number -> number.longValue();
              case String text ->
                  copy(arena, (text + '\0').getBytes(StandardCharsets.UTF_8)).address();
              case byte[] bytes -> copy(arena, bytes).address();
              default -> throw new IllegalArgumentException("neither number nor text");
            };
      }
      return Native.call(
          KernelNames.ofThisMachine().syscallNumber(name),
          words[0],
          words[1],
          words[2],
          words[3],
          words[4],
          words[5]);
    }
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    // fresh memory of an arena is zero: what follows the bytes ends them
    MemorySegment copy = arena.allocate(bytes.length + 8L, 8);
    copy.copyFrom(MemorySegment.ofArray(bytes));
    return copy;
  }

  /** Opens, and closes again what could be opened: the result of the open. */
  public static int openAndClose(String name, Object... arguments) {
    long result = call(name, arguments);
    if (result >= 0) {
      call("close", result);
    }
    return Math.toIntExact(result);
  }
}
