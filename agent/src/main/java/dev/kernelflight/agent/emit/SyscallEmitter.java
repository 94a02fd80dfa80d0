package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.SyscallRecord;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.SyscallEvent;

/** Commits system calls. One thread at a time. */
public final class SyscallEmitter {
  private final RecordOrigin origin;
  private final SyscallNames names = new SyscallNames(KernelNames.ofThisMachine());
  private final SyscallArguments arguments;
  private final SyscallEvent event = new SyscallEvent();

  /** Commits what a record is together with where it is from. */
  public SyscallEmitter(RecordOrigin origin, SyscallArguments arguments) {
    this.origin = origin;
    this.arguments = arguments;
  }

  /** Commits one record as an event, if a recording wants it. */
  public void emit(SyscallRecord record) {
    event.setTime(origin.startTicks(record), origin.durationTicks(record));
    if (!event.shouldCommit()) {
      return;
    }
    Thread thread = origin.thread(record);
    event.thread = thread;
    event.osThreadId = record.tid();
    event.osThreadName = origin.osThreadName(record, thread);
    event.number = record.number();
    event.name = names.name(record.number());
    event.arguments = arguments.text(record);
    event.result = record.result();
    event.errno = names.errno(record);
    event.argument1 = record.argument(0);
    event.argument2 = record.argument(1);
    event.argument3 = record.argument(2);
    event.argument4 = record.argument(3);
    event.argument5 = record.argument(4);
    event.argument6 = record.argument(5);
    event.commit();
  }
}
