package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.sys.KernelException;
import org.jspecify.annotations.Nullable;

/** {@code struct syscall_event} of {@code event.h}, and its texts. */
public final class SyscallRecord extends KernelRecord {
  /** How many arguments a system call has at most. */
  static final int ARGUMENTS = Wire.SyscallEvent.ARGUMENTS_COUNT;

  private static final int DETAIL = Wire.SyscallEvent.DETAIL;

  private final SyscallNames names;
  private final SyscallArguments arguments;

  SyscallRecord(KernelNames names) {
    this.names = new SyscallNames(names);
    arguments = new SyscallArguments(names);
  }

  @Override
  boolean isWhole(int length) {
    return length >= DETAIL && detailLength() <= length - DETAIL;
  }

  @Override
  public void prepare(Session session) throws KernelException {
    arguments.details(session::setDetail);
  }

  @Override
  public void fields(Fields fields) {
    fields.number("number", number());
    fields.text("name", name());
    fields.text("arguments", argumentsText());
    fields.number("result", result());
    fields.text("errno", errno());
    for (int i = 0; i < ARGUMENTS; i++) {
      fields.number(SyscallKind.ARGUMENT + (i + 1), argument(i));
    }
  }

  String name() {
    return names.name(number());
  }

  @Nullable String errno() {
    return names.errno(this);
  }

  @Nullable String argumentsText() {
    return arguments.text(this);
  }

  /** What the call returned, or the negative errno. */
  public long result() {
    return longAt(Wire.SyscallEvent.RESULT);
  }

  /** An argument, by its index from 0. */
  public long argument(int index) {
    return longAt(Wire.SyscallEvent.ARGUMENTS + index * Long.BYTES);
  }

  /** The call's number. */
  public int number() {
    return intAt(Wire.SyscallEvent.NUMBER);
  }

  /** Bytes of what an argument points to, or the negative errno that reading it ended with. */
  public int detailLength() {
    return intAt(Wire.SyscallEvent.DETAIL_LENGTH);
  }

  /** Where they begin. */
  public long detailOffset() {
    return offsetOf(DETAIL);
  }
}
