package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** The terminal that a standard stream goes to, if it does: ioctl_tty(2). */
public final class Terminal {
  private static final int STANDARD_OUTPUT = 1;
  private static final int TIOCGWINSZ = 0x5413;
  private static final int WINSIZE_BYTES = 8;
  private static final int COLUMNS = 2;

  private Terminal() {}

  /** The width of the terminal behind standard output in columns, or empty if it is none. */
  public static OptionalInt columns() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(WINSIZE_BYTES, 8);
      if (Native.call(Native.IOCTL, STANDARD_OUTPUT, TIOCGWINSZ, size.address()) < 0) {
        return OptionalInt.empty();
      }
      int columns = Short.toUnsignedInt(size.get(JAVA_SHORT, COLUMNS));
      return columns == 0 ? OptionalInt.empty() : OptionalInt.of(columns);
    }
  }
}
