package dev.kernelflight.agent.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * How many kernel events a recording holds, to tell whoever made it that it was worth it.
 *
 * @param counts of each kernel event, by its name
 * @param lost records that did not make it
 * @param hooks how they were seen
 */
record RecordedKernelEvents(Map<String, Long> counts, long lost, Set<String> hooks) {
  private static final String PREFIX = "kernel.";

  /**
   * Reads a recording.
   *
   * @param file by which it is reached
   * @param shown its name for people
   * @throws CommandFailedException if it cannot be read, or nothing was traced
   */
  static RecordedKernelEvents in(Path file, Path shown) throws CommandFailedException {
    Map<String, Long> counts = new TreeMap<>();
    Set<String> hooks = new TreeSet<>();
    long lost = 0;
    try (RecordingFile recording = new RecordingFile(file)) {
      while (recording.hasMoreEvents()) {
        RecordedEvent event = recording.readEvent();
        String name = event.getEventType().getName();
        if (!name.startsWith(PREFIX)) {
          continue;
        }
        switch (name) {
          case "kernel.Probe" -> {
            if (!"none".equals(event.getString("hook"))) {
              hooks.add(event.getString("hook") + " " + event.getString("target"));
            }
          }
          case "kernel.EventsLost" -> lost += event.getLong("count");
          case "kernel.Drain" -> {
            // the agent's own
          }
          default -> counts.merge(name, 1L, Long::sum);
        }
      }
    } catch (IOException
        | RuntimeException
        | StackOverflowError
        | OutOfMemoryError
        | InternalError e) {
      // the JDK's reader takes what is in the file as it is
      throw new CommandFailedException(
          shown
              + " was fetched, but is damaged, and the JDK cannot read all of it: "
              + e
              + ". jfr summary "
              + shown
              + " tells what is in it; record again");
    }
    if (hooks.isEmpty()) {
      throw new CommandFailedException(
          shown
              + " holds no kernel events: no probe was attached. Either its settings switch them all"
              + " off, or the agent gave up; what it has to say is on the standard error of the JVM.");
    }
    return new RecordedKernelEvents(counts, lost, hooks);
  }

  /** In one line. */
  String summary() {
    StringBuilder text = new StringBuilder();
    counts.forEach((name, count) -> text.append(count).append(' ').append(name).append(", "));
    return text.append(lost).append(" lost; by ").append(String.join(" and ", hooks)).toString();
  }
}
