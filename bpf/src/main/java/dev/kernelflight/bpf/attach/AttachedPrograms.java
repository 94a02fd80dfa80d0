package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Programs in the kernel's way; closing them detaches and unloads them. */
final class AttachedPrograms implements AttachedHook {
  private final Hook hook;
  private final Map<String, Fd> programs;
  private final List<Fd> links;
  private final List<Fd> seeCalls;

  AttachedPrograms(Hook hook, Map<String, Fd> programs, List<Fd> links) {
    this.hook = hook;
    this.programs = Map.copyOf(programs);
    this.links = List.copyOf(links);
    Set<String> names =
        hook.attachments().stream()
            .filter(Attachment::seesCalls)
            .map(Attachment::program)
            .collect(Collectors.toSet());
    seeCalls =
        programs.entrySet().stream()
            .filter(program -> names.contains(program.getKey()))
            .map(Map.Entry::getValue)
            .toList();
  }

  @Override
  public Hook hook() {
    return hook;
  }

  @Override
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
