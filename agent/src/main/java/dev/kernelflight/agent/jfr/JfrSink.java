package dev.kernelflight.agent.jfr;

import dev.kernelflight.agent.kind.KernelClock;
import dev.kernelflight.agent.kind.KernelRecord;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.kind.RecordOrigin;
import dev.kernelflight.agent.pump.Sink;
import dev.kernelflight.agent.threads.JavaThreads;
import dev.kernelflight.agent.threads.ThreadDirectory;
import dev.kernelflight.agent.threads.VirtualThreads;
import dev.kernelflight.events.TickClock;

/** Commits records as events of JFR. Allocates nothing at steady state. One thread at a time. */
public final class JfrSink implements Sink {
  private final ThreadDirectory threads;
  private final VirtualThreads virtualThreads;
  private final KernelClock clock = new KernelClock(TickClock::now);
  private final RecordOrigin origin;

  /** With the threads of a subscription, which stays its owner's. */
  public JfrSink(JavaThreads.Subscription subscription) {
    threads = subscription.directory();
    virtualThreads = subscription.virtualThreads();
    origin = new RecordOrigin(clock, threads, virtualThreads);
  }

  /** Whose records are, and when they were made. */
  public RecordOrigin origin() {
    return origin;
  }

  @Override
  public <R extends KernelRecord> RecordKind.RecordWriter writer(RecordKind<?, R> kind, R record) {
    return kind.jfrWriter(record, origin);
  }

  @Override
  public void begin() {
    threads.update();
    virtualThreads.update();
    clock.anchor();
  }

  @Override
  public void end(boolean all) {
    if (all) {
      threads.drained();
      virtualThreads.drained();
    }
  }
}
