package dev.kernelflight.agent.jfr;

import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.TracedKind;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.events.ProbeEvent;
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
  public static void report(Session session, @Nullable String virtualThreads) {
    for (TracedKind<?> kind : Kinds.traced()) {
      session
          .probe(kind.source())
          .ifPresent(probe ->
              commit(kind.eventName(), probe, session, kind.isOfThread() ? virtualThreads : null));
    }
  }

  /** Names of the events that have a hook. */
  public static Set<String> events(Session session) {
    return Kinds.traced().stream()
        .filter(kind -> session.probe(kind.source()).isPresent())
        .map(Kind::eventName)
        .collect(Collectors.toSet());
  }

  /** Reports that an event is wanted and has no hook, and why. */
  static void reportNone(String eventName, String why) {
    event(eventName, why).commit();
  }

  private static void commit(
      String eventName, Session.Probe probe, Session session, @Nullable String virtualThreads) {
    ProbeEvent event =
        event(
            eventName,
            probe.refusals().stream().map(Refusal::toString).collect(Collectors.joining("\n")));
    event.hook = probe.hook().kind().toString();
    event.target = probe.hook().target();
    event.buffer = session.bufferDescription();
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
