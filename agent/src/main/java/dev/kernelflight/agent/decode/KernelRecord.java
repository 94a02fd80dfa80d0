package dev.kernelflight.agent.decode;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct event} of {@code event.h}, the start of every record:
 *
 * <pre>
 *   0 type (u32)         4 tid (u32)        8 pid (u32)              12 size (u32)
 *   16 start (u64, ns)   24 end (u64, ns)   32 Java thread (u64)     40 comm (16 bytes)
 * </pre>
 *
 * Point it at a record with {@link #wrap} before reading; one thread at a time.
 */
public abstract sealed class KernelRecord permits FileOpenRecord, SyscallRecord, CpuSampleRecord {
  /** The C macro of that name: what {@link #javaThread} is where the kernel could not read it. */
  public static final long JAVA_THREAD_UNREADABLE = -1;

  static final int TYPE_OFFSET = 0;
  static final int TID = 4;
  static final int PID = 8;
  static final int START = 16;
  static final int END = 24;
  static final int JAVA_THREAD = 32;
  static final int COMM = 40;
  static final int COMM_BYTES = 16;
  static final int HEADER_BYTES = 56;

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
  public final boolean wrap(MemorySegment memory, long offset, int length) {
    this.memory = memory;
    at = offset;
    return length >= HEADER_BYTES && end() >= start() && isWhole(length);
  }

  /** Whether so many bytes can be a record of this kind. */
  abstract boolean isWhole(int length);

  final int intAt(int offset) {
    return memory.get(JAVA_INT_UNALIGNED, at + offset);
  }

  final long longAt(int offset) {
    return memory.get(JAVA_LONG_UNALIGNED, at + offset);
  }

  final long offsetOf(int offset) {
    return at + offset;
  }

  /** The memory that offsets are into. */
  public final MemorySegment memory() {
    return memory;
  }

  /** The thread, as the reader's PID namespace numbers it. */
  public final int tid() {
    return intAt(TID);
  }

  /** The process, as the reader's PID namespace numbers it. */
  public final int pid() {
    return intAt(PID);
  }

  /** CLOCK_MONOTONIC, ns. */
  public final long start() {
    return longAt(START);
  }

  /** CLOCK_MONOTONIC, ns. */
  public final long end() {
    return longAt(END);
  }

  /**
   * {@link Thread#threadId()} of what ran on a carrier of virtual threads, itself included, or
   * {@link #JAVA_THREAD_UNREADABLE}; 0 on any other thread.
   */
  public final long javaThread() {
    return longAt(JAVA_THREAD);
  }

  /** Where the kernel's name of the thread begins. */
  public final long commOffset() {
    return at + COMM;
  }

  /** Bytes of the kernel's name of the thread, without its NUL. */
  public final int commLength() {
    int length = 0;
    while (length < COMM_BYTES && memory.get(JAVA_BYTE, at + COMM + length) != 0) {
      length++;
    }
    return length;
  }
}
