package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.sys.KernelException;
import java.util.Map;

/** A hook in force; closing it detaches it. One thread at a time. */
public interface AttachedHook extends AutoCloseable {
  /** Which it is. */
  Hook hook();

  /**
   * How often the kernel skipped one of the programs because another thread was preempted on that
   * CPU, in the middle of it or of a bpf(2) call for a map; for whatever process.
   */
  long skippedRuns() throws KernelException;

  /** Follows CPUs that went or came online since the last call; cheap when none did. */
  default void followCpus() throws KernelException {}

  /** CPUs on which it should see something and does not, and why. */
  default Map<Integer, String> unseenCpus() {
    return Map.of();
  }

  @Override
  void close();
}
