package dev.kernelflight.bpf;

import dev.kernelflight.bpf.attach.AttachedHook;
import dev.kernelflight.bpf.attach.Attacher;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.attach.RefusedException;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.Filter;
import dev.kernelflight.bpf.source.HookOrder;
import dev.kernelflight.bpf.source.Source;
import dev.kernelflight.bpf.sys.KernelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The hooks that are in force, after what is wanted. Sources that are seen by the same hook share
 * it. One thread at a time.
 */
final class Attachments implements AutoCloseable {
  private static final String THREAD_ENDS = "ends of threads";

  private final LoadedObject object;
  private final HookOrder order;
  private final Optional<HookKind> only;
  private final Filter filter;

  private final Map<Hook, AttachedHook> inForce = new LinkedHashMap<>();
  private final Map<Source<?>, Seen> seen = new LinkedHashMap<>();
  private final Map<Source<?>, NoHookException> unseen = new LinkedHashMap<>();

  /** What this kernel does not have, which trying again would not change. */
  private final Map<Hook, Refusal> lacking = new HashMap<>();

  /** Stays to the end once it is there: a thread that ended unseen would leave its state behind. */
  private @Nullable AttachedHook threadEnds;

  /** Whether the last {@link #follow} came to its end. */
  private boolean followed = true;

  private Demand demand = Demand.NOTHING;
  private long skippedRunsBefore;

  /** The hook by which a source is seen, and the better ones that it is not seen by. */
  private record Seen(AttachedHook by, List<Refusal> refusals) {}

  /**
   * None yet.
   *
   * @param object whose programs are attached; it stays its owner's
   * @param order of the hooks to try
   * @param only the one kind of hook to use where users have the choice, or empty for the cheapest
   * @param filter which the programs go by
   */
  Attachments(LoadedObject object, HookOrder order, Optional<HookKind> only, Filter filter) {
    this.object = object;
    this.order = order;
    this.only = only;
    this.filter = filter;
  }

  /** As {@link Session#follow}. */
  void follow(Demand newly) throws NoHookException {
    for (Source<?> source : newly.sources()) {
      if (!demand.wants(source)) {
        source.begins(filter);
      }
    }
    demand = newly;
    followed = false;
    unseen.clear();
    seen.keySet().retainAll(newly.sources());
    // before hooks see anything, so that they see what is wanted now
    writeFilter();
    for (Source<?> source : newly.sources()) {
      try {
        attach(source);
      } catch (NoHookException e) {
        unseen.put(source, e);
      }
    }
    writeFilter();
    detachUnused();
    followed = true;
    throwFailures();
  }

  private <W> void attach(Source<W> source) throws NoHookException {
    W wanted = demand.of(source).orElseThrow();
    Seen already = seen.get(source);
    if (already != null) {
      if (source.isSeenBy(already.by, wanted)) {
        return;
      }
      seen.remove(source);
      detachUnused();
    }
    if (source.followsThreads() && threadEnds == null) {
      threadEnds =
          new Attacher(object).attachFirst(THREAD_ENDS, order.threadEnds(), new ArrayList<>());
    }
    seen.put(source, attachFirst(source, wanted));
  }

  private <W> Seen attachFirst(Source<W> source, W wanted) throws NoHookException {
    Attacher attacher = new Attacher(object);
    List<Refusal> refusals = new ArrayList<>();
    for (Hook hook : source.hooks(order, wanted)) {
      boolean chosen = only.isPresent() && source.obeysChoice();
      if (chosen && hook.kind() != only.get()) {
        continue;
      }
      Optional<String> whyNot = chosen ? Optional.empty() : source.whyNot(hook, wanted);
      AttachedHook shared = inForce.get(hook);
      if (whyNot.isPresent()) {
        refusals.add(new Refusal(hook, whyNot.get(), false));
      } else if (shared != null) {
        return new Seen(shared, List.copyOf(refusals));
      } else if (lacking.containsKey(hook)) {
        refusals.add(lacking.get(hook));
      } else {
        source.attaching(filter);
        try {
          AttachedHook attached = attacher.attach(hook);
          inForce.put(hook, attached);
          return new Seen(attached, List.copyOf(refusals));
        } catch (RefusedException e) {
          refusals.add(e.refusal());
          if (!e.refusal().mayPass() && !e.refusal().permission()) {
            lacking.put(hook, e.refusal());
          }
        }
      }
    }
    throw new NoHookException(source.name(), refusals);
  }

  private void writeFilter() {
    int bits = 0;
    for (Source<?> source : demand.sources()) {
      bits |= write(source);
    }
    filter.setWanted(bits);
  }

  private <W> int write(Source<W> source) {
    Seen by = seen.get(source);
    return source.write(demand.of(source).orElseThrow(), by == null ? null : by.by.hook(), filter);
  }

  private void detachUnused() {
    Set<AttachedHook> used = new LinkedHashSet<>();
    seen.values().forEach(by -> used.add(by.by));
    inForce
        .values()
        .removeIf(hook -> {
          boolean unused = !used.contains(hook);
          if (unused) {
            detach(hook);
          }
          return unused;
        });
  }

  private void detach(AttachedHook hook) {
    try {
      skippedRunsBefore += hook.skippedRuns();
    } catch (KernelException e) {
      // then they stay uncounted
    }
    hook.close();
  }

  /** One source's failure, which has those of the others as suppressed. */
  private void throwFailures() throws NoHookException {
    List<NoHookException> failures = List.copyOf(new LinkedHashSet<>(unseen.values()));
    if (!failures.isEmpty()) {
      NoHookException first = failures.getFirst();
      failures.subList(1, failures.size()).forEach(first::addSuppressed);
      throw first;
    }
  }

  Demand demand() {
    return demand;
  }

  Optional<Session.Probe> probe(Source<?> source) {
    return Optional.ofNullable(seen.get(source))
        .map(by -> new Session.Probe(by.by.hook(), by.refusals));
  }

  Optional<NoHookException> failure(Source<?> source) {
    return Optional.ofNullable(unseen.get(source));
  }

  /** As {@link Session#mayImprove}. */
  boolean mayImprove() {
    return !followed
        || unseen.values().stream().anyMatch(NoHookException::mayPass)
        || seen.keySet().stream().anyMatch(this::mayImprove);
  }

  private <W> boolean mayImprove(Source<W> source) {
    Seen by = seen.get(source);
    return by != null && source.mayImprove(by.by, demand.of(source).orElseThrow());
  }

  <W> Optional<String> limit(Source<W> source) {
    Seen by = seen.get(source);
    return by == null ? Optional.empty() : source.limit(by.by, demand.of(source).orElseThrow());
  }

  Map<Integer, String> unseenCpus(Source<?> source) {
    Seen by = seen.get(source);
    return by == null ? Map.of() : by.by.unseenCpus();
  }

  /** As {@link Session#followCpus}, for what is attached to each CPU. */
  void followCpus() throws KernelException {
    for (AttachedHook hook : inForce.values()) {
      hook.followCpus();
    }
  }

  long skippedRuns() throws KernelException {
    long skipped = skippedRunsBefore;
    for (AttachedHook hook : inForce.values()) {
      skipped += hook.skippedRuns();
    }
    return skipped;
  }

  /** Ends of threads that were skipped in the same way: only an open of theirs would be missing. */
  long skippedThreadEnds() throws KernelException {
    return threadEnds == null ? 0 : threadEnds.skippedRuns();
  }

  @Override
  public void close() {
    seen.clear();
    detachUnused();
    if (threadEnds != null) {
      threadEnds.close();
      threadEnds = null;
    }
  }
}
