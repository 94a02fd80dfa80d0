package dev.kernelflight.bpf.source;

import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_STATISTICS;
import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_STATISTICS_BY_THREAD;

import dev.kernelflight.bpf.attach.Hook;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Counts and times of all system calls, kept in the kernel. */
public final class SyscallStatistics extends Source<SyscallStatistics.Wanted> {
  /** The one that there is. */
  public static final SyscallStatistics SOURCE = new SyscallStatistics();

  /**
   * How they are counted.
   *
   * @param byThread whether for each thread by itself
   */
  public record Wanted(boolean byThread) {}

  private SyscallStatistics() {
    super("system call statistics");
  }

  @Override
  public List<Hook> hooks(HookOrder order, Wanted wanted) {
    return order.syscalls();
  }

  @Override
  public void attaching(Filter filter) {
    Syscalls.forgetCalls(filter);
  }

  @Override
  public int write(Wanted wanted, @Nullable Hook hook, Filter filter) {
    return WANT_STATISTICS | (wanted.byThread ? WANT_STATISTICS_BY_THREAD : 0);
  }
}
