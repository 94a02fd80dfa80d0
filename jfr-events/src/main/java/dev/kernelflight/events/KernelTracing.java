package dev.kernelflight.events;

import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * For tests: whether the kernel is really watched. That an event did not come means something only
 * where it would have come:
 *
 * <pre>{@code
 * KernelTracing tracing = KernelTracing.require("kernel.FileOpen");
 * indexer.index(directory);
 * jfrEvents.awaitEvents();
 * tracing.requireComplete();
 * // now an assertion that a file was not opened means that it was not
 * }</pre>
 *
 * Any thread.
 */
public final class KernelTracing {
  /** The agent in this JVM. */
  public interface Agent {
    /** Names of the events that probes in the kernel carry now. */
    Set<String> active();

    /** Why there are not more, or null. */
    @Nullable String problem();

    /** Tells {@link #lost} of all that was lost until now. */
    void countLosses();
  }

  private static final AtomicLong LOST = new AtomicLong();

  /** How often a number of events was lost that nobody counted. */
  private static final AtomicLong UNCOUNTED = new AtomicLong();

  private static volatile @Nullable Agent agent;
  private static volatile String lastReason = "";

  private final Set<String> events;
  private final long lostBefore = LOST.get();
  private final long uncountedBefore = UNCOUNTED.get();

  private KernelTracing(Set<String> events) {
    this.events = events;
  }

  /**
   * Makes sure that the kernel is watched now.
   *
   * @param events such as {@code kernel.FileOpen}, which a running recording has to want
   * @throws IllegalStateException with the reason, where an event cannot come
   */
  public static KernelTracing require(String... events) {
    Set<String> wanted = Set.of(events);
    requireActive(wanted).countLosses();
    return new KernelTracing(wanted);
  }

  /**
   * Makes sure that the kernel was watched until now, and that no event was lost.
   *
   * @throws IllegalStateException with the reason, where events may be missing
   */
  public void requireComplete() {
    requireActive(events).countLosses();
    if (UNCOUNTED.get() > uncountedBefore) {
      throw new IllegalStateException("an unknown number of kernel events was lost: " + lastReason);
    }
    long lost = LOST.get() - lostBefore;
    if (lost > 0) {
      throw new IllegalStateException(lost + " kernel events were lost: " + lastReason);
    }
  }

  private static Agent requireActive(Set<String> events) {
    Agent there = agent;
    if (there == null) {
      throw new IllegalStateException(
          "no kernel events: the agent is not in this JVM, it could not start and says why on standard"
              + " error, or it was detached; start the JVM with"
              + " -javaagent:ebpf-agent.jar=required=true --enable-native-access=ALL-UNNAMED");
    }
    Set<String> active = there.active();
    for (String event : events) {
      if (!active.contains(event)) {
        String problem = there.problem();
        throw new IllegalStateException(
            "no events "
                + event
                + ": "
                + (problem == null
                    ? "no running recording has them enabled, or there is no such event"
                    : problem));
      }
    }
    return there;
  }

  /** For the agent: it is there; null where it goes. */
  public static void setAgent(@Nullable Agent present) {
    agent = present;
  }

  /** For the agent: so many events are missing, or {@link EventsLostEvent#UNKNOWN}. */
  public static void lost(long count, String reason) {
    lastReason = reason;
    if (count < 0) {
      UNCOUNTED.incrementAndGet();
    } else {
      LOST.addAndGet(count);
    }
  }
}
