package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.sys.KernelException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct event} of {@code event.h}, the start of every record. Point it at a record with
 * {@link #wrap} before reading; one thread at a time.
 */
public abstract class KernelRecord {
  private static final int COMM = Wire.Event.COMM;

  private MemorySegment memory = MemorySegment.NULL;
  private long at;
  private int length;

  /** The type of a record of any kind, or 0 for one that is too short to have one. */
  public static int type(MemorySegment memory, long offset, int length) {
    return length < Wire.Event.TYPE + Integer.BYTES
        ? 0
        : memory.get(JAVA_INT_UNALIGNED, offset + Wire.Event.TYPE);
  }

  /**
   * Moves to a record.
   *
   * @return whether it is a whole record of this kind; if not, nothing may be read
   */
  public final boolean wrap(MemorySegment memory, long offset, int length) {
    this.memory = memory;
    at = offset;
    this.length = length;
    return length >= Wire.Event.BYTES && end() >= start() && isWhole(length);
  }

  /** Whether so many bytes can be a record of this kind. */
  abstract boolean isWhole(int length);

  /** What is wanted from now on, for what the kernel cannot decide. */
  public void follow(Demand demand) {}

  /** Whether the record is wanted, as far as the kernel could not decide that. */
  public boolean isWanted() {
    return true;
  }

  /** Says what the kernel is to send, where a session can be told. */
  public void prepare(Session session) throws KernelException {}

  /** Hands out what only this kind of event has, by the names of the fields in JFR. */
  public abstract void fields(Fields fields);

  /** Takes fields. */
  public interface Fields {
    /** A text, or null for a field without a value. */
    void text(String name, @Nullable String value);

    /** A number. */
    void number(String name, long value);
  }

  /** Bytes of the record. */
  public final int length() {
    return length;
  }

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
    return intAt(Wire.Event.TID);
  }

  /** The process, as the reader's PID namespace numbers it. */
  public final int pid() {
    return intAt(Wire.Event.PID);
  }

  /** CLOCK_MONOTONIC, ns. */
  public final long start() {
    return longAt(Wire.Event.START);
  }

  /** CLOCK_MONOTONIC, ns. */
  public final long end() {
    return longAt(Wire.Event.END);
  }

  /**
   * {@link Thread#threadId()} of what ran on a carrier of virtual threads, itself included, or
   * {@link dev.kernelflight.agent.threads.VirtualThreads#UNREADABLE}; 0 on any other thread.
   */
  public final long javaThread() {
    return longAt(Wire.Event.JAVA_THREAD);
  }

  /** Where the kernel's name of the thread begins. */
  public final long commOffset() {
    return at + COMM;
  }

  /** Bytes of the kernel's name of the thread, without its NUL. */
  public final int commLength() {
    int length = 0;
    while (length < Wire.Event.COMM_BYTES && memory.get(JAVA_BYTE, at + COMM + length) != 0) {
      length++;
    }
    return length;
  }
}
