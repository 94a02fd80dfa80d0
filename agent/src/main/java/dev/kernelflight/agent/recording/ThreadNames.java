package dev.kernelflight.agent.recording;

import dev.kernelflight.agent.kind.KernelEvent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The names that Java threads had in a recording. JFR writes the name of a thread once into each
 * chunk, so a thread that was renamed has several where the recording has several chunks.
 */
public final class ThreadNames {
  private final Map<Long, Set<String>> byJavaId = new HashMap<>();

  private ThreadNames() {}

  /** Those in all events of a recording. */
  public static ThreadNames in(List<KernelEvent> events) {
    ThreadNames names = new ThreadNames();
    for (KernelEvent event : events) {
      if (event.javaThreadId() != 0) {
        names
            .byJavaId
            .computeIfAbsent(event.javaThreadId(), id -> new HashSet<>())
            .add(event.thread());
      }
    }
    return names;
  }

  /** Of the thread of an event. */
  Set<String> of(KernelEvent event) {
    Set<String> known = byJavaId.get(event.javaThreadId());
    return known == null ? Set.of(event.thread()) : known;
  }
}
