package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import java.util.List;

/** A hook in force; closing it detaches and unloads its programs. */
public final class AttachedHook implements AutoCloseable {
  private final Hook hook;
  private final List<Refusal> refusals;
  private final List<Fd> programs;
  private final List<Fd> links;

  AttachedHook(Hook hook, List<Refusal> refusals, List<Fd> programs, List<Fd> links) {
    this.hook = hook;
    this.refusals = List.copyOf(refusals);
    this.programs = List.copyOf(programs);
    this.links = List.copyOf(links);
  }

  /** Which it is. */
  public Hook hook() {
    return hook;
  }

  /** The cheaper hooks that were refused, and why. */
  public List<Refusal> refusals() {
    return refusals;
  }

  /** How often the kernel skipped one of the programs because it was interrupted by itself. */
  public long skippedRuns() throws KernelException {
    long skipped = 0;
    for (Fd program : programs) {
      skipped += Bpf.recursionMisses(program);
    }
    return skipped;
  }

  @Override
  public void close() {
    // returns were attached first and go last, so that what has entered is still seen returning
    for (int i = links.size() - 1; i >= 0; i--) {
      links.get(i).close();
    }
    programs.forEach(Fd::close);
  }
}
