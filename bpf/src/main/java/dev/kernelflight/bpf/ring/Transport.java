package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.sys.KernelException;

/**
 * Where records come from. Registered with an {@link dev.kernelflight.bpf.sys.Epoll} as long as it
 * is open, which it wakes when a buffer holds {@link #wakeUpBytes}; what is less waits for the next
 * drain. Used by one thread at a time.
 */
public sealed interface Transport extends AutoCloseable permits PerfBuffers, BpfRingBuffer {
  /**
   * How many bytes in a buffer wake the reader: so few that they are still in the processor's cache
   * when they are read, so many that waking costs nothing for each record; and never more than half
   * of the buffer.
   *
   * @param bufferBytes of the whole buffer
   */
  static long wakeUpBytes(long bufferBytes) {
    return Math.min(bufferBytes / 2, 128 * 1024);
  }

  /**
   * Hands over all that programs sent, in order for each CPU: each time what was sent together.
   *
   * @return how often
   */
  int drain(RecordHandler handler);

  /**
   * Follows CPUs that went or came online since the last call; cheap when none did. What those that
   * went have left is there for {@link #drain} until the next call.
   */
  void followCpus() throws KernelException;

  /** What could not be made out, since the start; only damaged memory makes any. */
  long undecodable();

  /** Kind and size, for people. */
  String description();

  @Override
  void close();
}
