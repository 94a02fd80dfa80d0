package dev.kernelflight.bpf.source;

import dev.kernelflight.bpf.attach.AttachedHook;
import dev.kernelflight.bpf.attach.Hook;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One kind of thing that the kernel can tell of: the hooks that see it, and what is wanted of it as
 * bytes of the filter. Immutable.
 *
 * @param <W> what can be wanted of it; immutable, with a meaningful {@code equals}
 */
public abstract class Source<W> {
  private final String name;

  Source(String name) {
    this.name = name;
  }

  /** Its name for people, in the plural. */
  public final String name() {
    return name;
  }

  /** The hooks that see it, in the order of their cost. */
  public abstract List<Hook> hooks(HookOrder order, W wanted);

  /** Why one of its hooks is left out where the user has not asked for that kind of hook. */
  public Optional<String> whyNot(Hook hook, W wanted) {
    return Optional.empty();
  }

  /** Whether the user's choice of one kind of hook is about this. */
  public boolean obeysChoice() {
    return false;
  }

  /** Whether the programs keep something of each thread, so that ends of threads are to be seen. */
  public boolean followsThreads() {
    return true;
  }

  /** Whether a hook in force still sees it as wanted. */
  public boolean isSeenBy(AttachedHook attached, W wanted) {
    return true;
  }

  /** Whether attaching anew would see more of what is wanted. */
  public boolean mayImprove(AttachedHook attached, W wanted) {
    return false;
  }

  /** Why less is seen than is wanted, if that is so. */
  public Optional<String> limit(AttachedHook attached, W wanted) {
    return Optional.empty();
  }

  /** It begins to be wanted. */
  public void begins(Filter filter) {}

  /** A hook is about to be attached for it. */
  public void attaching(Filter filter) {}

  /**
   * Writes what is wanted into the filter.
   *
   * @param hook in force, or null while there is none
   * @return the bits of {@code enum wanted} that ask the programs for it
   */
  public abstract int write(W wanted, @Nullable Hook hook, Filter filter);

  @Override
  public final String toString() {
    return name;
  }
}
