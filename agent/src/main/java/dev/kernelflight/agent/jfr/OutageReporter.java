package dev.kernelflight.agent.jfr;

import dev.kernelflight.agent.pump.LossReporter;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.KernelTracing;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tells in the recordings which kernel events they want and do not get, since when, and why. A
 * recording says so as long as that lasts: {@code kernel.Probe} at the beginning of each chunk, and
 * {@code kernel.EventsLost} at the end of each, with the time and without a number, since nobody
 * counted. One thread at a time.
 */
public final class OutageReporter {
  /** Before the advice; the rule on lost events knows it by this. */
  private static final String WHAT_TO_DO = "; what to do: ";

  private final Map<String, Outage> outages = new LinkedHashMap<>();

  /**
   * Why an event is not recorded.
   *
   * @param why what was tried and what the kernel or the JVM answered, in lines
   * @param entirely whether no hook carries the event, or one that does not see all of it
   * @param advice what to do about it, in lines; empty where nothing is known
   */
  public record Missing(String why, boolean entirely, String advice) {
    /** Where nothing is known that helps. */
    public Missing(String why, boolean entirely) {
      this(why, entirely, "");
    }
  }

  /** An event that is wanted and not recorded. */
  private static final class Outage {
    private final String event;
    private final Missing missing;
    private EventsLostEvent span;

    Outage(String event, Missing missing) {
      this.event = event;
      this.missing = missing;
      span = begin();
    }

    /** An event that began now; it ends when it is committed. */
    private EventsLostEvent begin() {
      EventsLostEvent begun = new EventsLostEvent();
      begun.cpu = LossReporter.NO_CPU;
      begun.count = EventsLostEvent.UNKNOWN;
      begun.reason =
          event
              + (missing.entirely ? " was not recorded: " : " was not recorded in full: ")
              + oneLine(missing.why)
              + (missing.advice.isEmpty() ? "" : WHAT_TO_DO + oneLine(missing.advice));
      begun.begin();
      return begun;
    }

    void commitSpan() {
      span.commit();
      span = begin();
    }

    void commitProbe() {
      if (missing.entirely) {
        ProbeReporter.reportNone(event, missing.why);
      }
    }
  }

  /**
   * Takes what is missing from now on: tells of what is newly missing, and of the time that was
   * lost of what is no longer.
   *
   * @param missing why each event that is wanted is not recorded, by the event's name
   * @return whether any event is newly missing
   */
  public boolean update(Map<String, Missing> missing) {
    outages
        .values()
        .removeIf(outage -> {
          boolean over = !missing.containsKey(outage.event);
          if (over) {
            outage.commitSpan();
          }
          return over;
        });
    boolean news = false;
    for (Map.Entry<String, Missing> entry : missing.entrySet()) {
      if (!outages.containsKey(entry.getKey())) {
        news = true;
        Outage outage = new Outage(entry.getKey(), entry.getValue());
        outages.put(entry.getKey(), outage);
        outage.commitProbe();
        KernelTracing.lost(EventsLostEvent.UNKNOWN, String.valueOf(outage.span.reason));
      }
    }
    return news;
  }

  private static String oneLine(String lines) {
    return lines.replaceAll("\\s*\n\\s*", "; ");
  }

  /** Whether no event is missing. */
  public boolean isEmpty() {
    return outages.isEmpty();
  }

  /** JFR is about to end a chunk: what was lost until now belongs into it. */
  public void chunkEnds() {
    outages.values().forEach(Outage::commitSpan);
  }

  /** JFR has begun a chunk. */
  public void chunkBegins() {
    outages.values().forEach(Outage::commitProbe);
  }
}
