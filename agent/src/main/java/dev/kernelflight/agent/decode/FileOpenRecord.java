package dev.kernelflight.agent.decode;

/**
 * {@code struct file_open_event} of {@code event.h}, behind the header:
 *
 * <pre>
 *   40 flags (u64)   48 result (s32)   52 mode (u32)   56 directory (s32)
 *   60 path length (s32)               64 path, NUL-terminated
 * </pre>
 */
public final class FileOpenRecord extends KernelRecord {
  /** {@code EVENT_FILE_OPEN}. */
  public static final int TYPE = 1;

  /** {@code FLAGS_UNREADABLE}. */
  public static final long FLAGS_UNREADABLE = -1;

  static final int FLAGS = 40;
  static final int RESULT = 48;
  static final int MODE = 52;
  static final int DIRECTORY = 56;
  static final int PATH_LENGTH = 60;
  static final int PATH = 64;

  @Override
  boolean isWhole(int length) {
    return length >= PATH && pathLength() <= length - PATH;
  }

  /** O_* flags, or {@link #FLAGS_UNREADABLE}. */
  public long flags() {
    return longAt(FLAGS);
  }

  /** A file descriptor, or the negative errno. */
  public int result() {
    return intAt(RESULT);
  }

  /** Permission bits; 0 unless the call may create a file. */
  public int mode() {
    return intAt(MODE);
  }

  /** A file descriptor, or AT_FDCWD (-100). */
  public int directory() {
    return intAt(DIRECTORY);
  }

  /** Bytes of the path, or the negative errno that reading it ended with. */
  public int pathLength() {
    return intAt(PATH_LENGTH);
  }

  /** Where the path begins. */
  public long pathOffset() {
    return offsetOf(PATH);
  }
}
