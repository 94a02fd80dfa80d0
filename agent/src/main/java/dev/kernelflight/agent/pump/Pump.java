package dev.kernelflight.agent.pump;

import dev.kernelflight.agent.kind.KernelRecord;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.kind.Symbols;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.ring.RecordHandler;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.sys.KernelException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Drains a session into a sink: finds each record's kind, moves that kind's record to it where it
 * lies, and has it written. Counts what does not arrive. One thread at a time.
 */
public final class Pump {
  private static final int MOST_TYPES =
      1 + Kinds.ofRecords().stream().mapToInt(RecordKind::recordType).max().orElse(0);

  private final Session session;
  private final Sink sink;
  private final LossReporter.Handler losses;
  private final LossReporter reporter;
  private final RecordHandler handler = this::onRecord;

  /** By the type that stands in each record. */
  private final @Nullable KernelRecord[] records = new KernelRecord[MOST_TYPES];

  private final RecordKind.RecordWriter[] writers = new RecordKind.RecordWriter[MOST_TYPES];

  private long received;
  private long filtered;
  private long undecodable;
  private long busyNanos;

  /** Records that could not be written, how many of them were told, and why. */
  private long unwritten;

  private long unwrittenTold;
  private @Nullable Throwable whyUnwritten;

  /**
   * From a session, which stays its owner's, to a sink.
   *
   * @param symbols the names of kernel functions
   * @param losses takes what is missing
   * @throws KernelException if the kernel cannot be told what to send
   */
  public Pump(Session session, Sink sink, Symbols symbols, LossReporter.Handler losses)
      throws KernelException {
    this.session = session;
    this.sink = sink;
    this.losses = losses;
    reporter = new LossReporter(losses);
    for (RecordKind<?, ?> kind : Kinds.ofRecords()) {
      add(kind, symbols);
    }
  }

  private <R extends KernelRecord> void add(RecordKind<?, R> kind, Symbols symbols)
      throws KernelException {
    R record = kind.newRecord(symbols);
    record.prepare(session);
    records[kind.recordType()] = record;
    writers[kind.recordType()] = sink.writer(kind, record);
  }

  /**
   * As {@link Session#follow}.
   *
   * @throws NoHookException likewise
   */
  public void follow(Demand demand) throws NoHookException {
    for (KernelRecord record : records) {
      if (record != null) {
        record.follow(demand);
      }
    }
    session.follow(demand);
  }

  /** Writes all records that are there. */
  public void drain() throws KernelException {
    drain(session::drain);
  }

  /** The same for a thread that is woken often, as {@link Session#drainOften}. */
  public void drainOften() throws KernelException {
    drain(session::drainOften);
  }

  private interface Pass {
    boolean run(RecordHandler handler) throws KernelException;
  }

  private void drain(Pass pass) throws KernelException {
    long begun = System.nanoTime();
    long before = received;
    sink.begin();
    boolean all = false;
    try {
      all = pass.run(handler);
    } finally {
      sink.end(all);
    }
    if (received > before) {
      busyNanos += System.nanoTime() - begun;
    }
  }

  private void onRecord(MemorySegment memory, long offset, int length) {
    received++;
    int type = KernelRecord.type(memory, offset, length);
    KernelRecord record = type > 0 && type < MOST_TYPES ? records[type] : null;
    try {
      if (record == null || !record.wrap(memory, offset, length)) {
        undecodable++;
      } else if (!record.isWanted()) {
        filtered++;
      } else {
        writers[type].write();
      }
    } catch (RuntimeException | Error e) {
      // one record's failure is not to cost others, least of all those of other kinds
      unwritten++;
      whyUnwritten = e;
    }
  }

  /** Tells what was lost since the last time. */
  public void reportLosses() throws KernelException {
    if (unwritten > unwrittenTold) {
      losses.onLoss(
          LossReporter.NO_CPU,
          unwritten - unwrittenTold,
          "the record could not be made an event: " + whyUnwritten);
      unwrittenTold = unwritten;
    }
    reporter.report(session.counters(), session.skippedRuns(), undecodable + session.undecodable());
  }

  /** Records since the start. */
  public long received() {
    return received;
  }

  /** Those of them that were not wanted, which the kernel could not decide. */
  public long filtered() {
    return filtered;
  }

  /** Time spent on them, in nanoseconds. */
  public long busyNanos() {
    return busyNanos;
  }
}
