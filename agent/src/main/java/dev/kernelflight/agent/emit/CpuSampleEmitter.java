package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.CpuSampleRecord;
import dev.kernelflight.events.CpuSampleEvent;

/** Commits CPU samples. One thread at a time. */
public final class CpuSampleEmitter {
  private final RecordOrigin origin;
  private final KernelStacks stacks;
  private final CpuSampleEvent event = new CpuSampleEvent();

  /** Commits what a record is together with where it is from. */
  public CpuSampleEmitter(RecordOrigin origin, KernelStacks stacks) {
    this.origin = origin;
    this.stacks = stacks;
  }

  /** Commits one record as an event, if a recording wants it. */
  public void emit(CpuSampleRecord record) {
    event.setTime(origin.startTicks(record));
    if (!event.shouldCommit()) {
      return;
    }
    Thread thread = origin.thread(record);
    event.thread = thread;
    event.osThreadId = record.tid();
    event.osThreadName = origin.osThreadName(record, thread);
    event.mode = record.inKernel() ? "kernel" : "user";
    event.kernelFunction = stacks.function(record);
    event.kernelStack = stacks.text(record);
    event.cpu = record.cpu();
    event.commit();
  }
}
