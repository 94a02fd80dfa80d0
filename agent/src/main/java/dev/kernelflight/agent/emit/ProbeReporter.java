package dev.kernelflight.agent.emit;

import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.events.CpuSampleEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.ProbeEvent;
import dev.kernelflight.events.SyscallEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Commits which hook carries which event, and why better ones do not. Any thread. */
public final class ProbeReporter {
  private ProbeReporter() {}

  /** Reports the hooks that are in force. */
  public static void report(Tracer tracer) {
    probes(tracer).forEach((event, probe) -> commit(event, probe, tracer));
  }

  /** Names of the events that have a hook. */
  public static Set<String> events(Tracer tracer) {
    return probes(tracer).keySet();
  }

  private static Map<String, Tracer.Probe> probes(Tracer tracer) {
    Map<String, Tracer.Probe> probes = new LinkedHashMap<>();
    tracer.fileOpenProbe().ifPresent(probe -> probes.put(FileOpenEvent.NAME, probe));
    tracer.sampleProbe().ifPresent(probe -> probes.put(CpuSampleEvent.NAME, probe));
    tracer
        .syscallProbe()
        .ifPresent(probe -> {
          if (tracer.wanted().syscalls().isPresent()) {
            probes.put(SyscallEvent.NAME, probe);
          }
          if (tracer.wanted().statistics().isPresent()) {
            probes.put(SyscallStatisticsEvent.NAME, probe);
          }
        });
    return probes;
  }

  /** Reports that there is none. */
  public static void report(NoHookException e) {
    String event =
        switch (e.what()) {
          case Tracer.FILE_OPENS -> FileOpenEvent.NAME;
          case Tracer.CPU_SAMPLES -> CpuSampleEvent.NAME;
          default -> SyscallEvent.NAME;
        };
    event(event, e.refusals()).commit();
  }

  private static void commit(String eventName, Tracer.Probe probe, Tracer tracer) {
    ProbeEvent event = event(eventName, probe.refusals());
    event.hook = probe.hook().kind().toString();
    event.target = probe.hook().target();
    event.buffer = tracer.transport().description();
    event.commit();
  }

  private static ProbeEvent event(String eventName, List<Refusal> refusals) {
    ProbeEvent event = new ProbeEvent();
    event.event = eventName;
    event.hook = "none";
    event.kernelVersion = System.getProperty("os.version");
    event.refused =
        refusals.isEmpty()
            ? null
            : refusals.stream().map(Refusal::toString).collect(Collectors.joining("\n"));
    return event;
  }
}
