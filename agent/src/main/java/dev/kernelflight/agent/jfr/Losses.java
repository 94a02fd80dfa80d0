package dev.kernelflight.agent.jfr;

import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.KernelTracing;

/** Commits what is missing. Any thread. */
public final class Losses {
  private Losses() {}

  /**
   * Commits it as an event, and tells tests.
   *
   * @param cpu or {@link dev.kernelflight.agent.pump.LossReporter#NO_CPU}
   * @param count or {@link EventsLostEvent#UNKNOWN}
   * @param reason why, and what helps
   */
  public static void commit(int cpu, long count, String reason) {
    EventsLostEvent event = new EventsLostEvent();
    event.cpu = cpu;
    event.count = count;
    event.reason = reason;
    event.commit();
    KernelTracing.lost(count, reason);
  }
}
