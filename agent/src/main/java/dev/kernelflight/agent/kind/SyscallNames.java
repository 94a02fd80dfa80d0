package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.abi.KernelNames;
import org.jspecify.annotations.Nullable;

/** Names of system calls and of what they fail with. Immutable. */
public final class SyscallNames {
  private static final int LARGEST_ERRNO = 4095;

  private final KernelNames names;
  private final int sigreturn;

  /** Those of an architecture. */
  public SyscallNames(KernelNames names) {
    this.names = names;
    sigreturn = names.syscallNumber("rt_sigreturn");
  }

  /** The name of a call, also of one that is newer than the agent. */
  public String name(int number) {
    String name = names.syscall(number);
    return name == null ? "syscall_" + number : name;
  }

  /** The errno's name, or null; rt_sigreturn has no result. */
  public @Nullable String errno(SyscallRecord record) {
    long result = record.result();
    return result < 0 && result >= -LARGEST_ERRNO && record.number() != sigreturn
        ? names.errno((int) -result)
        : null;
  }
}
