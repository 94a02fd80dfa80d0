package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A hook in force; closing it detaches and unloads its programs. */
public final class AttachedHook implements AutoCloseable {
  private final Hook hook;
  private final List<Refusal> refusals;
  private final Map<String, Fd> programs;
  private final List<Fd> links;
  private final List<Fd> seeCalls;

  AttachedHook(Hook hook, List<Refusal> refusals, Map<String, Fd> programs, List<Fd> links) {
    this.hook = hook;
    this.refusals = List.copyOf(refusals);
    this.programs = Map.copyOf(programs);
    this.links = List.copyOf(links);
    Set<String> names =
        hook.attachments().stream()
            .filter(Attachment::seesCalls)
            .map(Attachment::program)
            .collect(Collectors.toSet());
    this.seeCalls =
        programs.entrySet().stream()
            .filter(program -> names.contains(program.getKey()))
            .map(Map.Entry::getValue)
            .toList();
  }

  /** Which it is. */
  public Hook hook() {
    return hook;
  }

  /** The cheaper hooks that were refused, and why. */
  public List<Refusal> refusals() {
    return refusals;
  }

  /**
   * How often the kernel skipped one of the programs because another thread was preempted on that
   * CPU, in the middle of it or of a bpf(2) call for a map; for whatever process.
   */
  public long skippedRuns() throws KernelException {
    long skipped = 0;
    for (Fd program : seeCalls) {
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
    programs.values().forEach(Fd::close);
  }
}
