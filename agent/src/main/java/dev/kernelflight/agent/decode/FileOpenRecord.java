package dev.kernelflight.agent.decode;

/**
 * {@code struct file_open_event} of {@code event.h}, behind the header:
 *
 * <pre>
 *   56 flags (u64)   64 result (s32)   68 mode (u32)   72 directory (s32)
 *   76 path length (s32)               80 path, NUL-terminated
 * </pre>
 */
public final class FileOpenRecord extends KernelRecord {
  /** {@code EVENT_FILE_OPEN}. */
  public static final int TYPE = 1;

  /** {@code FLAGS_UNREADABLE}. */
  public static final long FLAGS_UNREADABLE = -1;

  static final int FLAGS = 56;
  static final int RESULT = 64;
  static final int MODE = 68;
  static final int DIRECTORY = 72;
  static final int PATH_LENGTH = 76;
  static final int PATH = 80;

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
