package dev.kernelflight.bpf.source;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is wanted of each source; what it does not name is not wanted at all. Immutable. */
public final class Demand {
  /** Nothing: no hook is attached. */
  public static final Demand NOTHING = new Demand(Map.of());

  private final Map<Source<?>, Object> wanted;

  private Demand(Map<Source<?>, Object> wanted) {
    this.wanted = wanted;
  }

  /** Of one source alone. */
  public static <W> Demand of(Source<W> source, W wanted) {
    return NOTHING.and(source, wanted);
  }

  /** The same, and this of another source. */
  public <W> Demand and(Source<W> source, W what) {
    Map<Source<?>, Object> more = new LinkedHashMap<>(wanted);
    more.put(source, what);
    return new Demand(more);
  }

  /** What is wanted of a source, or empty for nothing. */
  @SuppressWarnings("unchecked") // and() puts it there
  public <W> Optional<W> of(Source<W> source) {
    return Optional.ofNullable((W) wanted.get(source));
  }

  /** Whether anything is wanted of a source. */
  public boolean wants(Source<?> source) {
    return wanted.containsKey(source);
  }

  /** Whether nothing is wanted. */
  public boolean isNothing() {
    return wanted.isEmpty();
  }

  /** Those of which something is wanted. */
  public Set<Source<?>> sources() {
    return wanted.keySet();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Demand demand && wanted.equals(demand.wanted);
  }

  @Override
  public int hashCode() {
    return wanted.hashCode();
  }

  @Override
  public String toString() {
    return wanted.toString();
  }
}
