package dev.kernelflight.agent.decode;

/**
 * {@code struct syscall_event} of {@code event.h}, behind the header:
 *
 * <pre>
 *   56 result (s64)   64 arguments (6 * u64)   112 number (u32)   116 detail length (s32)
 *   120 detail
 * </pre>
 */
public final class SyscallRecord extends KernelRecord {
  /** {@code EVENT_SYSCALL}. */
  public static final int TYPE = 2;

  /** How many arguments a system call has at most. */
  public static final int ARGUMENTS = 6;

  static final int RESULT = 56;
  static final int ARGUMENT = 64;
  static final int NUMBER = 112;
  static final int DETAIL_LENGTH = 116;
  static final int DETAIL = 120;

  @Override
  boolean isWhole(int length) {
    return length >= DETAIL && detailLength() <= length - DETAIL;
  }

  /** What the call returned, or the negative errno. */
  public long result() {
    return longAt(RESULT);
  }

  /** An argument, by its index from 0. */
  public long argument(int index) {
    return longAt(ARGUMENT + index * Long.BYTES);
  }

  /** The call's number. */
  public int number() {
    return intAt(NUMBER);
  }

  /** Bytes of what an argument points to, or the negative errno that reading it ended with. */
  public int detailLength() {
    return intAt(DETAIL_LENGTH);
  }

  /** Where they begin. */
  public long detailOffset() {
    return offsetOf(DETAIL);
  }
}
