package dev.kernelflight.bpf.source;

import static dev.kernelflight.bpf.abi.Wire.Wanted.WANT_OWN_SIGNALS;

import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment.RawTracepoint;
import dev.kernelflight.bpf.attach.HookKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Signals that reach threads. */
public final class Signals extends Source<Signals.Wanted> {
  /** The one that there is. */
  public static final Signals SOURCE = new Signals();

  private static final String DELIVERED = "signal_deliver";

  /**
   * Which of them.
   *
   * @param own also those that a process sends to its own threads, and faults of its code
   */
  public record Wanted(boolean own) {}

  private Signals() {
    super("signals");
  }

  @Override
  public List<Hook> hooks(HookOrder order, Wanted wanted) {
    return List.of(
        new Hook(HookKind.TRACEPOINT, DELIVERED, List.of(new RawTracepoint(DELIVERED, DELIVERED))));
  }

  @Override
  public boolean followsThreads() {
    return false;
  }

  @Override
  public int write(Wanted wanted, @Nullable Hook hook, Filter filter) {
    return wanted.own ? WANT_OWN_SIGNALS : 0;
  }
}
