package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.SyscallRecord;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.SyscallEvent;

/** Commits system calls. One thread at a time. */
public final class SyscallEmitter {
  private static final int LARGEST_ERRNO = 4095;

  private final RecordOrigin origin;
  private final KernelNames names = KernelNames.ofThisMachine();
  private final int sigreturn = names.syscallNumber("rt_sigreturn");
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
    int number = record.number();
    event.number = number;
    event.name = name(names, number);
    event.arguments = arguments.text(record);
    long result = record.result();
    event.result = result;
    event.errno =
        result < 0 && result >= -LARGEST_ERRNO && number != sigreturn
            ? names.errno((int) -result)
            : null;
    event.argument1 = record.argument(0);
    event.argument2 = record.argument(1);
    event.argument3 = record.argument(2);
    event.argument4 = record.argument(3);
    event.argument5 = record.argument(4);
    event.argument6 = record.argument(5);
    event.commit();
  }

  static String name(KernelNames names, int number) {
    String name = names.syscall(number);
    return name == null ? "syscall_" + number : name;
  }
}
