package dev.kernelflight.bpf.ring;

import dev.kernelflight.bpf.sys.KernelException;

/** Buffers whose memory may not be had in full: a smaller one serves too, and loses more. */
public final class Shrinking {
  /** Buffers of less than 64 kB fill faster than a busy thread can be woken. */
  public static final long LEAST_BYTES = 64 * 1024;

  private Shrinking() {}

  /** Opens a buffer of so many bytes. */
  @FunctionalInterface
  public interface Opener<T> {
    /** Opens it, or says why not. */
    T open(long bytes) throws KernelException;
  }

  /**
   * Opens the largest buffer that memory can be had for: all of it, or half, and half again, down
   * to {@link #LEAST_BYTES}.
   *
   * @throws KernelException the answer to the last attempt; at once if memory is not the trouble
   */
  public static <T> T open(long bytes, Opener<T> opener) throws KernelException {
    return open(bytes, LEAST_BYTES, opener);
  }

  /** The same, down to another size. */
  static <T> T open(long bytes, long leastBytes, Opener<T> opener) throws KernelException {
    for (long attempt = bytes; ; attempt /= 2) {
      try {
        return opener.open(attempt);
      } catch (KernelException e) {
        if (!e.isOutOfMemory() || attempt / 2 < leastBytes) {
          throw e;
        }
      }
    }
  }
}
