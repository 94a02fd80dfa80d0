package dev.kernelflight.bpf;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.ring.Shrinking;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;

/**
 * The choice of {@link Buffer#AUTO}: perf buffers, unless the kernel refuses them or grants only
 * small ones; then the ring buffer. The locked memory of perf buffers is counted for each user, so
 * the first JVM of a user may leave nothing to the others. The ring buffer counts as a map.
 */
final class AutomaticBuffer {
  /**
   * The least bytes of a perf buffer that is better than the ring buffer: the reader is woken at
   * 128 kB, and needs as much again until it runs.
   */
  static final long USEFUL_BYTES = 256 * 1024;

  private AutomaticBuffer() {}

  /** Opens what uses a buffer. */
  @FunctionalInterface
  interface Opener<T> {
    /**
     * Opens it.
     *
     * @param kind PERF or RING
     * @param leastBytes of each buffer: with less it is refused
     * @param because why it is not the other kind, or nothing
     */
    T open(Buffer kind, long leastBytes, String because) throws KernelException, IOException;
  }

  /**
   * Opens it with the first kind that the kernel grants.
   *
   * @param bytes wanted of each perf buffer
   * @throws KernelException if the kernel grants neither kind: why not perf buffers, with the
   *     refusal of the ring buffer as suppressed where that is another one
   */
  static <T> T open(long bytes, Opener<T> opener) throws KernelException, IOException {
    KernelException noPerf;
    try {
      return opener.open(Buffer.PERF, Math.min(bytes, USEFUL_BYTES), "");
    } catch (KernelException e) {
      noPerf = e;
    }
    KernelException noRing;
    try {
      return opener.open(
          Buffer.RING, Shrinking.LEAST_BYTES, "no perf buffers: " + noPerf.getMessage());
    } catch (KernelException e) {
      noRing = e;
    }
    try {
      return opener.open(
          Buffer.PERF, Shrinking.LEAST_BYTES, "no ring buffer: " + noRing.getMessage());
    } catch (KernelException e) {
      if (!e.getMessage().equals(noRing.getMessage())) {
        e.addSuppressed(noRing);
      }
      throw e;
    }
  }
}
