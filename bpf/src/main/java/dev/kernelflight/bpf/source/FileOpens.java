package dev.kernelflight.bpf.source;

import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_FAILED_OPENS_ONLY;
import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_FILE_OPENS;

import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.sys.Preemption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Opens of files, by the functions that see nothing else, or by the tracepoints of all system
 * calls.
 */
public final class FileOpens extends Source<FileOpens.Wanted> {
  /** The one that there is. */
  public static final FileOpens SOURCE = new FileOpens();

  /** A kprobe's programs run with preemption off. */
  private static final String FENTRY_MISSES_CALLS =
      "this kernel may preempt a thread in the middle of an fentry program, and then skips the"
          + " program for others on that CPU; attach=fentry uses it nevertheless";

  /**
   * Which of them.
   *
   * @param thresholdNanos shorter ones are not sent
   * @param failedOnly whether successful ones are not sent
   * @param paths others are not sent, as far as the kernel can tell; the reader has to ask again
   */
  public record Wanted(long thresholdNanos, boolean failedOnly, PathFilter paths) {
    /** All of them. */
    public static final Wanted ALL = new Wanted(0, false, PathFilter.ALL);
  }

  private FileOpens() {
    super("file opens");
  }

  @Override
  public List<Hook> hooks(HookOrder order, Wanted wanted) {
    return Stream.concat(order.fileOpens().stream(), order.syscalls().stream()).toList();
  }

  @Override
  public Optional<String> whyNot(Hook hook, Wanted wanted) {
    return hook.kind() == HookKind.FENTRY && Preemption.interruptsPrograms()
        ? Optional.of(FENTRY_MISSES_CALLS)
        : Optional.empty();
  }

  @Override
  public boolean obeysChoice() {
    return true;
  }

  @Override
  public void begins(Filter filter) {
    // those that were entered until now have returned unseen, or will
    filter.increment(Wire.Filter.OPEN_EPOCH);
  }

  @Override
  public int write(Wanted wanted, @Nullable Hook hook, Filter filter) {
    filter.setLong(Wire.Filter.FILE_OPEN_THRESHOLD, wanted.thresholdNanos);
    filter.setPrefixes(wanted.paths.prefixes());
    boolean amongAllCalls = hook != null && hook.kind() == HookKind.TRACEPOINT;
    return (amongAllCalls ? WANT_FILE_OPENS : 0) | (wanted.failedOnly ? WANT_FAILED_OPENS_ONLY : 0);
  }
}
