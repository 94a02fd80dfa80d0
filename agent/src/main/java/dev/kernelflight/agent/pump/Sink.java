package dev.kernelflight.agent.pump;

import dev.kernelflight.agent.kind.KernelRecord;
import dev.kernelflight.agent.kind.RecordKind;

/** Where records go: to JFR, or to lines. One thread at a time. */
public interface Sink {
  /** What takes the records of a kind, each time that the pump has moved the record to one. */
  <R extends KernelRecord> RecordKind.RecordWriter writer(RecordKind<?, R> kind, R record);

  /** Records are about to come. */
  void begin();

  /**
   * No more come for now.
   *
   * @param all whether the buffers held no others from before {@link #begin}
   */
  void end(boolean all);
}
