package dev.kernelflight.bpf.source;

import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_FAILED_SYSCALLS_ONLY;
import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_SYSCALLS;

import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.attach.Hook;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** System calls, one by one. */
public final class Syscalls extends Source<Syscalls.Wanted> {
  /** The one that there is. */
  public static final Syscalls SOURCE = new Syscalls();

  /** Numbers of system calls are below; others are not traced but counted. */
  public static final int MOST = Wire.TableSize.MAX_SYSCALLS;

  /**
   * Which of them.
   *
   * @param thresholdNanos shorter ones are not sent
   * @param failedOnly whether successful ones are not sent
   * @param numbers which; not to be changed
   */
  public record Wanted(long thresholdNanos, boolean failedOnly, BitSet numbers) {
    /** Of all numbers. */
    public static Wanted ofAny(long thresholdNanos, boolean failedOnly) {
      BitSet all = new BitSet();
      all.set(0, MOST);
      return new Wanted(thresholdNanos, failedOnly, all);
    }
  }

  private Syscalls() {
    super("system calls");
  }

  @Override
  public List<Hook> hooks(HookOrder order, Wanted wanted) {
    return order.syscalls();
  }

  @Override
  public void attaching(Filter filter) {
    forgetCalls(filter);
  }

  /** Those that were entered until now have returned unseen, or will. */
  static void forgetCalls(Filter filter) {
    filter.increment(Wire.Filter.CALL_EPOCH);
  }

  @Override
  public int write(Wanted wanted, @Nullable Hook hook, Filter filter) {
    filter.setLong(Wire.Filter.SYSCALL_THRESHOLD, wanted.thresholdNanos);
    long[] words = wanted.numbers.toLongArray();
    for (int i = 0; i < Wire.Filter.SYSCALLS_COUNT; i++) {
      filter.setLong(Wire.Filter.SYSCALLS + i * Long.BYTES, i < words.length ? words[i] : 0);
    }
    return WANT_SYSCALLS | (wanted.failedOnly ? WANT_FAILED_SYSCALLS_ONLY : 0);
  }
}
