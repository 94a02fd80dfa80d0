package dev.kernelflight.bpf;

import dev.kernelflight.bpf.Tracer.Probe;
import dev.kernelflight.bpf.attach.AttachedHook;
import dev.kernelflight.bpf.attach.Attacher;
import dev.kernelflight.bpf.attach.CpuSampler;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.HookOrder;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Preemption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The hooks that are in force, after what is wanted. One thread at a time. */
final class Probes implements AutoCloseable {
  /** A kprobe's programs run with preemption off. */
  private static final String FENTRY_MISSES_CALLS =
      "this kernel may preempt a thread in the middle of an fentry program, and then skips the"
          + " program for others on that CPU; attach=fentry uses it nevertheless";

  private final LoadedObject object;
  private final HookOrder hooks;
  private final Optional<HookKind> only;
  private final Filter filter;

  /** Stays to the end once it is there: a thread that ended unseen would leave its state behind. */
  private @Nullable AttachedHook threadExits;

  private @Nullable AttachedHook syscalls;
  private @Nullable AttachedHook openFunctions;
  private @Nullable CpuSampler sampler;

  /** Why no kernel function is hooked for file opens, once that was tried in vain. */
  private @Nullable List<Refusal> openFunctionsRefused;

  /** Whether the last {@link #follow} came to its end. */
  private boolean followed = true;

  /** Of the last {@link #follow}. */
  private final List<NoHookException> failures = new ArrayList<>();

  private Wanted wanted = Wanted.NOTHING;
  private long skippedRunsBefore;

  /**
   * None yet.
   *
   * @param object whose programs are attached; it stays its owner's
   * @param hooks to try, in order
   * @param only the one kind of hook to use for file opens, or empty for the cheapest
   * @param filter which the programs go by
   */
  Probes(LoadedObject object, HookOrder hooks, Optional<HookKind> only, Filter filter) {
    this.object = object;
    this.hooks = hooks;
    this.only = only;
    this.filter = filter;
  }

  /** As {@link Tracer#follow}. */
  void follow(Wanted newlyWanted) throws NoHookException {
    boolean wantsOpens = newlyWanted.fileOpens().isPresent();
    if (wantsOpens && wanted.fileOpens().isEmpty()) {
      filter.forgetOpens();
    }
    wanted = newlyWanted;
    followed = false;
    failures.clear();
    followSamples();
    if (wanted.anyCalls() && threadExits == null) {
      threadExits = attach("ends of threads", hooks.threadEnds());
    }
    // a thread's state is not to outlive the thread
    boolean calls = wanted.anyCalls() && threadExits != null;
    boolean opens = calls && wantsOpens;
    if (opens && openFunctions == null) {
      if (openFunctionsRefused == null) {
        attachOpenFunctions();
      } else if (!mayUse(HookKind.TRACEPOINT)) {
        failures.add(new NoHookException(Tracer.FILE_OPENS, openFunctionsRefused));
      }
    }
    boolean opensByTracepoint = opens && openFunctions == null && mayUse(HookKind.TRACEPOINT);
    filter.write(wanted, opensByTracepoint);
    boolean everySyscall =
        opensByTracepoint
            || (calls && (wanted.syscalls().isPresent() || wanted.statistics().isPresent()));
    if (everySyscall && syscalls == null) {
      filter.forgetCalls();
      syscalls = attach(Tracer.SYSCALLS, hooks.syscalls());
    } else if (!everySyscall) {
      syscalls = detach(syscalls);
    }
    if (!opens) {
      openFunctions = detach(openFunctions);
    }
    followed = true;
    throwFailures();
  }

  private @Nullable AttachedHook attach(String what, List<Hook> candidates) {
    try {
      return new Attacher(object).attachFirst(what, candidates);
    } catch (NoHookException e) {
      failures.add(e);
      return null;
    }
  }

  /** One kind's failure, which has those of the others as suppressed. */
  private void throwFailures() throws NoHookException {
    if (!failures.isEmpty()) {
      NoHookException first = failures.getFirst();
      failures.subList(1, failures.size()).forEach(first::addSuppressed);
      throw first;
    }
  }

  /** Samples at the wanted frequency, or at what the kernel allows, or not at all. */
  private void followSamples() {
    int frequency = wanted.samples().map(Wanted.Samples::frequency).orElse(0);
    if (sampler != null && (sampler.wanted() != frequency || sampler.mayImprove())) {
      detachSampler();
    }
    if (frequency > 0 && sampler == null) {
      try {
        sampler = CpuSampler.attach(object, Tracer.CPU_SAMPLES, frequency);
      } catch (NoHookException e) {
        failures.add(e);
      }
    }
  }

  private void detachSampler() {
    CpuSampler attached = sampler;
    sampler = null;
    if (attached != null) {
      try {
        skippedRunsBefore += attached.skippedRuns();
      } catch (KernelException e) {
        // then they stay uncounted
      }
      attached.close();
    }
  }

  private boolean mayUse(HookKind kind) {
    return only.map(kind::equals).orElse(true);
  }

  /** Hooks a kernel function; it is no failure where the tracepoints may serve instead. */
  private void attachOpenFunctions() {
    List<Hook> candidates = new ArrayList<>();
    List<Refusal> notTried = new ArrayList<>();
    boolean missesCalls = only.isEmpty() && Preemption.interruptsPrograms();
    for (Hook hook : hooks.fileOpens()) {
      if (missesCalls && hook.kind() == HookKind.FENTRY) {
        notTried.add(new Refusal(hook, FENTRY_MISSES_CALLS, false));
      } else if (mayUse(hook.kind())) {
        candidates.add(hook);
      }
    }
    if (candidates.isEmpty()) {
      openFunctionsRefused = notTried;
      return;
    }
    try {
      openFunctions = new Attacher(object).attachFirst(Tracer.FILE_OPENS, candidates, notTried);
    } catch (NoHookException e) {
      boolean otherwise = mayUse(HookKind.TRACEPOINT);
      if (otherwise || !e.mayPass()) {
        openFunctionsRefused = e.refusals();
      }
      if (!otherwise) {
        failures.add(e);
      }
    }
  }

  private @Nullable AttachedHook detach(@Nullable AttachedHook hook) {
    if (hook != null) {
      try {
        skippedRunsBefore += hook.skippedRuns();
      } catch (KernelException e) {
        // then they stay uncounted
      }
      hook.close();
    }
    return null;
  }

  Wanted wanted() {
    return wanted;
  }

  Optional<Probe> ofFileOpens() {
    if (wanted.fileOpens().isEmpty()) {
      return Optional.empty();
    }
    if (openFunctions != null) {
      return Optional.of(new Probe(openFunctions.hook(), openFunctions.refusals()));
    }
    return (mayUse(HookKind.TRACEPOINT) ? ofSyscalls() : Optional.<Probe>empty())
        .map(probe ->
            new Probe(
                probe.hook(), openFunctionsRefused == null ? List.of() : openFunctionsRefused));
  }

  Optional<Probe> ofSyscalls() {
    return Optional.ofNullable(syscalls).map(hook -> new Probe(hook.hook(), hook.refusals()));
  }

  Optional<Probe> ofSamples() {
    return Optional.ofNullable(sampler).map(used -> new Probe(used.hook(), used.refusals()));
  }

  /** As {@link Tracer#followCpus}, for what is attached to each CPU. */
  void followCpus() throws KernelException {
    if (sampler != null) {
      sampler.followCpus();
    }
  }

  /** As {@link Tracer#mayImprove}. */
  boolean mayImprove() {
    return !followed
        || failures.stream().anyMatch(NoHookException::mayPass)
        || (sampler != null && sampler.mayImprove());
  }

  /** Why CPUs are sampled less often than wanted, if they are. */
  Optional<String> sampleLimit() {
    return Optional.ofNullable(sampler).flatMap(CpuSampler::limit);
  }

  /** CPUs that should be sampled and are not, and why. */
  Map<Integer, String> unsampled() {
    return sampler == null ? Map.of() : sampler.unsampled();
  }

  long skippedRuns() throws KernelException {
    long skipped = skippedRunsBefore;
    for (AttachedHook hook : new @Nullable AttachedHook[] {syscalls, openFunctions}) {
      if (hook != null) {
        skipped += hook.skippedRuns();
      }
    }
    return sampler == null ? skipped : skipped + sampler.skippedRuns();
  }

  /** Ends of threads that were skipped in the same way: only an open of theirs would be missing. */
  long skippedThreadExits() throws KernelException {
    return threadExits == null ? 0 : threadExits.skippedRuns();
  }

  @Override
  public void close() {
    detachSampler();
    openFunctions = detach(openFunctions);
    syscalls = detach(syscalls);
    threadExits = detach(threadExits);
  }
}
