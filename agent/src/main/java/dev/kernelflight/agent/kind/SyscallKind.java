package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.agent.settings.SyscallSet;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.source.Syscalls;
import dev.kernelflight.events.KernelSettings;
import dev.kernelflight.events.SyscallEvent;
import java.util.BitSet;
import java.util.Optional;
import jdk.jfr.Event;

/** System calls, one by one. */
public final class SyscallKind extends RecordKind<Syscalls.Wanted, SyscallRecord> {
  /** Fields of the event are called so, with a number from 1 behind it. */
  static final String ARGUMENT = "argument";

  /** Of single calls as of their statistics. */
  static final Key NAMES =
      new Key("syscalls", "syscalls", "SYSTEM CALL", event -> event.text("name"));

  SyscallKind() {
    super(
        SyscallEvent.NAME,
        "syscalls",
        "system calls",
        Syscalls.SOURCE,
        Wire.EventType.EVENT_SYSCALL);
  }

  @Override
  public Class<? extends Event> eventClass() {
    return SyscallEvent.class;
  }

  @Override
  public Syscalls.Wanted wanted(Requests requests) {
    SyscallSet known = SyscallSet.ofThisMachine();
    BitSet numbers = new BitSet();
    requests.values(KernelSettings.SYSCALLS, "all", known::parse).forEach(numbers::or);
    return new Syscalls.Wanted(
        requests.lowestThreshold(SyscallEvent.DEFAULT_THRESHOLD),
        requests.allErrorsOnly(),
        numbers);
  }

  @Override
  public Syscalls.Wanted wanted(Selection selection) {
    return Syscalls.Wanted.ofAny(selection.threshold(), selection.errors());
  }

  @Override
  public Syscalls.Wanted all() {
    return Syscalls.Wanted.ofAny(0, false);
  }

  @Override
  public SyscallRecord newRecord(Symbols symbols) {
    return new SyscallRecord(KernelNames.ofThisMachine());
  }

  @Override
  public RecordWriter jfrWriter(SyscallRecord record, RecordOrigin origin) {
    SyscallEvent event = new SyscallEvent();
    return () -> {
      event.setTime(origin.startTicks(record), origin.durationTicks(record));
      if (!event.shouldCommit()) {
        return;
      }
      Thread thread = origin.thread(record);
      event.thread = thread;
      event.osThreadId = record.tid();
      event.osThreadName = origin.osThreadName(record, thread);
      event.number = record.number();
      event.name = record.name();
      event.arguments = record.argumentsText();
      event.result = record.result();
      event.errno = record.errno();
      event.argument1 = record.argument(0);
      event.argument2 = record.argument(1);
      event.argument3 = record.argument(2);
      event.argument4 = record.argument(3);
      event.argument5 = record.argument(4);
      event.argument6 = record.argument(5);
      event.commit();
    };
  }

  @Override
  public boolean isCall() {
    return true;
  }

  @Override
  public String what(KernelEvent event) {
    return join(" ", event.text("name"), arguments(event));
  }

  /** As text where the agent knows the call, else the six numbers. */
  private static String arguments(KernelEvent event) {
    String text = event.text("arguments");
    if (text != null) {
      return text;
    }
    StringBuilder numbers = new StringBuilder();
    for (int i = 1; i <= SyscallRecord.ARGUMENTS; i++) {
      numbers.append(i == 1 ? "0x" : " 0x").append(Long.toHexString(event.number(ARGUMENT + i)));
    }
    return numbers.toString();
  }

  @Override
  public String result(KernelEvent event) {
    String errno = event.errno();
    return errno == null ? Long.toString(event.number("result")) : errno;
  }

  @Override
  public Optional<Key> key() {
    return Optional.of(NAMES);
  }
}
