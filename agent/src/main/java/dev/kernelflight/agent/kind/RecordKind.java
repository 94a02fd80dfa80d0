package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.source.PathFilter;
import dev.kernelflight.bpf.source.Source;
import java.util.List;

/**
 * A kind of event that comes as records.
 *
 * @param <W> what can be wanted of its source
 * @param <R> its record
 */
public abstract class RecordKind<W, R extends KernelRecord> extends TracedKind<W> {
  private final int recordType;

  RecordKind(String eventName, String option, String plural, Source<W> source, int recordType) {
    super(eventName, option, plural, source);
    this.recordType = recordType;
  }

  /** {@code enum event_type} of {@code event.h}. */
  public final int recordType() {
    return recordType;
  }

  /** A record to be moved over memory by one reader. */
  public abstract R newRecord(Symbols symbols);

  /** Commits what a record is moved to as an event of JFR. */
  public abstract RecordWriter jfrWriter(R record, RecordOrigin origin);

  /** What a command wants that shows events as they happen. */
  public abstract W wanted(Selection selection);

  /** Values of the field {@code mode} of which people want the shares, if any. */
  public List<String> shares() {
    return List.of();
  }

  /** Does something with what a record is moved to. */
  @FunctionalInterface
  public interface RecordWriter {
    /** Does so now. */
    void write();
  }

  /**
   * What a command wants of all that happens.
   *
   * @param threshold nanoseconds; shorter calls are left out
   * @param errors whether calls that succeeded are left out
   * @param paths of opens, others are left out
   * @param frequency of samples, in Hz
   */
  public record Selection(long threshold, boolean errors, PathFilter paths, int frequency) {}
}
