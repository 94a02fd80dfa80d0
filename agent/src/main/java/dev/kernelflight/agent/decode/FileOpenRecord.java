package dev.kernelflight.agent.decode;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct file_open_event} of {@code event.h}:
 *
 * <pre>
 *    0 type (u32)     4 tid (u32)       8 start (u64, ns)  16 end (u64, ns)  24 comm (16 bytes)
 *   40 flags (u64)   48 result (s32)   52 mode (u32)       56 directory (s32)
 *   60 path length (s32)               64 path, NUL-terminated
 * </pre>
 *
 * Point it at a record with {@link #wrap} before reading; one thread at a time.
 */
public final class FileOpenRecord {
  /** {@code EVENT_FILE_OPEN}. */
  public static final int TYPE = 1;

  /** {@code FLAGS_UNREADABLE}. */
  public static final long FLAGS_UNREADABLE = -1;

  static final int TYPE_OFFSET = 0;
  static final int TID = 4;
  static final int START = 8;
  static final int END = 16;
  static final int COMM = 24;
  static final int COMM_BYTES = 16;
  static final int FLAGS = 40;
  static final int RESULT = 48;
  static final int MODE = 52;
  static final int DIRECTORY = 56;
  static final int PATH_LENGTH = 60;
  static final int PATH = 64;

  private MemorySegment memory = MemorySegment.NULL;
  private long at;

  /** The type of a record of any kind, or 0 for one that is too short to have one. */
  public static int type(MemorySegment memory, long offset, int length) {
    return length < TYPE_OFFSET + Integer.BYTES
        ? 0
        : memory.get(JAVA_INT_UNALIGNED, offset + TYPE_OFFSET);
  }

  /**
   * Moves to a record.
   *
   * @return whether it is a whole record of this kind; if not, nothing may be read
   */
  public boolean wrap(MemorySegment memory, long offset, int length) {
    this.memory = memory;
    at = offset;
    return length >= PATH && pathLength() <= length - PATH && end() >= start();
  }

  /** The thread, as the JVM's PID namespace numbers it. */
  public int tid() {
    return memory.get(JAVA_INT_UNALIGNED, at + TID);
  }

  /** CLOCK_MONOTONIC, ns. */
  public long start() {
    return memory.get(JAVA_LONG_UNALIGNED, at + START);
  }

  /** CLOCK_MONOTONIC, ns. */
  public long end() {
    return memory.get(JAVA_LONG_UNALIGNED, at + END);
  }

  /** O_* flags, or {@link #FLAGS_UNREADABLE}. */
  public long flags() {
    return memory.get(JAVA_LONG_UNALIGNED, at + FLAGS);
  }

  /** A file descriptor, or the negative errno. */
  public int result() {
    return memory.get(JAVA_INT_UNALIGNED, at + RESULT);
  }

  /** Permission bits; 0 unless the call may create a file. */
  public int mode() {
    return memory.get(JAVA_INT_UNALIGNED, at + MODE);
  }

  /** A file descriptor, or AT_FDCWD (-100). */
  public int directory() {
    return memory.get(JAVA_INT_UNALIGNED, at + DIRECTORY);
  }

  /** Bytes of the path, or the negative errno that reading it ended with. */
  public int pathLength() {
    return memory.get(JAVA_INT_UNALIGNED, at + PATH_LENGTH);
  }

  /** The memory that {@link #pathOffset} and {@link #commOffset} are offsets into. */
  public MemorySegment memory() {
    return memory;
  }

  /** Where the path begins. */
  public long pathOffset() {
    return at + PATH;
  }

  /** Where the kernel's name of the thread begins. */
  public long commOffset() {
    return at + COMM;
  }

  /** Bytes of the kernel's name of the thread, without its NUL. */
  public int commLength() {
    int length = 0;
    while (length < COMM_BYTES && memory.get(JAVA_BYTE, at + COMM + length) != 0) {
      length++;
    }
    return length;
  }
}
