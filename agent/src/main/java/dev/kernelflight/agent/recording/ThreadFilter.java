package dev.kernelflight.agent.recording;

import dev.kernelflight.bpf.source.PathFilter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which threads are wanted: a number is the kernel's id of one or its whole name, anything else the
 * beginning of a name or a glob; with ! in front those that are not. Immutable.
 */
public final class ThreadFilter {
  /** Every thread. */
  public static final ThreadFilter ALL = of(List.of());

  private static final String NOT = "!";

  private final Patterns wanted;
  private final Patterns unwanted;

  private ThreadFilter(Patterns wanted, Patterns unwanted) {
    this.wanted = wanted;
    this.unwanted = unwanted;
  }

  /** Of what the command line names; nothing but exclusions leaves all others. */
  public static ThreadFilter of(List<String> threads) {
    List<String> wanted = new ArrayList<>();
    List<String> unwanted = new ArrayList<>();
    for (String thread : threads) {
      if (thread.startsWith(NOT)) {
        unwanted.add(thread.substring(NOT.length()));
      } else {
        wanted.add(thread);
      }
    }
    return new ThreadFilter(Patterns.of(wanted), Patterns.of(unwanted));
  }

  /**
   * Whether a thread is wanted.
   *
   * @param names that it had: by any of them it is found
   */
  public boolean accepts(int osThreadId, Set<String> names) {
    return (wanted.isEmpty() || wanted.match(osThreadId, names))
        && !unwanted.match(osThreadId, names);
  }

  private record Patterns(Set<String> numbers, List<String> names, PathFilter filter) {
    static Patterns of(List<String> patterns) {
      Set<String> numbers = new HashSet<>();
      List<String> names = new ArrayList<>();
      for (String pattern : patterns) {
        if (pattern.matches("\\d+")) {
          numbers.add(pattern);
        } else {
          names.add(pattern);
        }
      }
      return new Patterns(numbers, names, PathFilter.of(names));
    }

    boolean isEmpty() {
      return numbers.isEmpty() && names.isEmpty();
    }

    boolean match(int osThreadId, Set<String> threadNames) {
      return numbers.contains(Integer.toString(osThreadId))
          || threadNames.stream()
              .anyMatch(
                  name -> numbers.contains(name) || (!names.isEmpty() && filter.accepts(name)));
    }
  }
}
