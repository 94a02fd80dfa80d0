package dev.kernelflight.agent.emit;

import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.events.CpuSampleEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.ProbeEvent;
import dev.kernelflight.events.SyscallEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Commits which hook carries which event, and why better ones do not. Any thread. */
public final class ProbeReporter {
  private ProbeReporter() {}

  /**
   * Reports the hooks that are in force.
   *
   * @param virtualThreads whose events those of virtual threads are
   */
  public static void report(Tracer tracer, @Nullable String virtualThreads) {
    probes(tracer)
        .forEach((event, probe) ->
            commit(
                event,
                probe,
                tracer,
                event.equals(SyscallStatisticsEvent.NAME) ? null : virtualThreads));
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

  /** Reports that an event is wanted and has no hook, and why. */
  static void reportNone(String eventName, String why) {
    event(eventName, why).commit();
  }

  private static void commit(
      String eventName, Tracer.Probe probe, Tracer tracer, @Nullable String virtualThreads) {
    ProbeEvent event =
        event(
            eventName,
            probe.refusals().stream().map(Refusal::toString).collect(Collectors.joining("\n")));
    event.hook = probe.hook().kind().toString();
    event.target = probe.hook().target();
    event.buffer = tracer.bufferDescription();
    event.virtualThreads = virtualThreads;
    event.commit();
  }

  private static ProbeEvent event(String eventName, String refused) {
    ProbeEvent event = new ProbeEvent();
    event.event = eventName;
    event.hook = "none";
    event.kernelVersion = System.getProperty("os.version");
    event.refused = refused.isEmpty() ? null : refused;
    return event;
  }
}
