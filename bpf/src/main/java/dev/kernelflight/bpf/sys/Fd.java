package dev.kernelflight.bpf.sys;

/**
 * An owned file descriptor. Closing is idempotent; a descriptor that is never closed lives until
 * the process ends, as the kernel has it.
 */
public final class Fd implements AutoCloseable {
  private int number;

  Fd(long number) {
    this.number = Math.toIntExact(number);
  }

  /**
   * The descriptor's number.
   *
   * @throws IllegalStateException after close
   */
  public synchronized int number() {
    if (number < 0) {
      throw new IllegalStateException("the file descriptor is closed");
    }
    return number;
  }

  @Override
  public synchronized void close() {
    if (number >= 0) {
      Native.call(Native.CLOSE, number, 0, 0);
      number = -1;
    }
  }
}
