package dev.kernelflight.agent.live;

import dev.kernelflight.agent.kind.KernelClock;
import dev.kernelflight.agent.kind.KernelRecord;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.kind.TextCache;
import dev.kernelflight.agent.pump.Sink;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects events, batch by batch. One thread at a time. */
public final class LiveSink implements Sink {
  private static final int NAME_SLOTS = 1024;
  private static final long NANOS = 1_000_000_000;

  /** What an event takes besides its texts, rounded up. */
  private static final int EVENT_BYTES = 1024;

  private final TextCache threadNames = new TextCache(NAME_SLOTS);
  private final KernelClock clock = new KernelClock(LiveSink::epochNanos);
  private final long mostBytes;
  private List<ObservedEvent> batch = new ArrayList<>();
  private long batchBytes;
  private long unkept;
  private long from = Long.MIN_VALUE;
  private long until = Long.MAX_VALUE;

  /**
   * @param mostBytes of memory, about, that the events between two calls of {@link #take} may have
   */
  public LiveSink(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  private static long epochNanos() {
    Instant now = Clock.systemUTC().instant();
    return now.getEpochSecond() * NANOS + now.getNano();
  }

  /** Leaves out what ended before a moment, in {@link System#nanoTime}. */
  void setFrom(long nanoTime) {
    from = nanoTime;
  }

  /** Leaves out what ended after a moment, in {@link System#nanoTime}. */
  void setUntil(long nanoTime) {
    until = nanoTime;
  }

  /** The events since the last call, in the order of their ends. */
  List<ObservedEvent> take() {
    List<ObservedEvent> taken = batch;
    batch = new ArrayList<>();
    batchBytes = 0;
    // each CPU has a buffer of its own
    taken.sort(Comparator.comparingLong(ObservedEvent::end));
    return taken;
  }

  /** Events that there was no memory for, since the start. */
  long unkept() {
    return unkept;
  }

  @Override
  public <R extends KernelRecord> RecordKind.RecordWriter writer(RecordKind<?, R> kind, R record) {
    return () -> add(kind, record);
  }

  @Override
  public void begin() {
    clock.anchor();
  }

  @Override
  public void end(boolean all) {}

  private void add(Kind kind, KernelRecord record) {
    long end = clock.nanoTime(record.end());
    if (end >= from && end <= until && fits(record.length())) {
      String thread = threadNames.text(record.memory(), record.commOffset(), record.commLength());
      batch.add(ObservedEvent.of(kind, record, clock.ticks(record.start()), thread));
    }
  }

  /** The buffers of many CPUs may hold more than the heap. */
  private boolean fits(int length) {
    long bytes = EVENT_BYTES + (long) Character.BYTES * length;
    if (batchBytes + bytes > mostBytes) {
      unkept++;
      return false;
    }
    batchBytes += bytes;
    return true;
  }
}
