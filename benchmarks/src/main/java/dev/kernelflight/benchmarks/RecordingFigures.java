package dev.kernelflight.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.consumer.EventStream;
import jdk.jfr.consumer.RecordedEvent;

/**
 * What a recording says.
 *
 * @param opens kernel.FileOpen of the file that the loop opens
 * @param lost sum of kernel.EventsLost
 * @param lostByJfr bytes that JFR itself could not write (jdk.DataLoss)
 * @param drained records that the agent says it drained
 * @param busyNanos time that it says it spent on them
 * @param bytesPerOpen average size of a kernel.FileOpen
 * @param fileBytes size of the whole recording
 * @param hook the hook and the buffers
 */
record RecordingFigures(
    long opens,
    long lost,
    long lostByJfr,
    long drained,
    long busyNanos,
    double bytesPerOpen,
    long fileBytes,
    String hook) {
  private static final String OPEN = "kernel.FileOpen";

  /** Fills in the record, event by event. */
  private static final class Sums {
    long opens;
    long lost;
    long lostByJfr;
    long drained;
    long busyNanos;
    String hook = "none";

    void probe(RecordedEvent event) {
      if (OPEN.equals(event.getString("event"))) {
        hook =
            event.getString("hook")
                + " "
                + event.getString("target")
                + "; "
                + event.getString("buffer");
      }
    }
  }

  /**
   * Reads a recording.
   *
   * @param path what the loop opened
   */
  static RecordingFigures of(Path recording, String path) throws IOException, InterruptedException {
    Sums sums = new Sums();
    try (EventStream events = EventStream.openFile(recording)) {
      events.setReuse(true);
      events.setOrdered(false);
      events.onEvent(
          OPEN,
          event -> {
            if (path.equals(event.getString("path"))) {
              sums.opens++;
            }
          });
      events.onEvent("kernel.EventsLost", event -> sums.lost += lost(event));
      events.onEvent("jdk.DataLoss", event -> sums.lostByJfr += event.getLong("amount"));
      events.onEvent(
          "kernel.Drain",
          event -> {
            sums.drained += event.getLong("records");
            sums.busyNanos += event.getDuration("busyTime").toNanos();
          });
      events.onEvent("kernel.Probe", sums::probe);
      events.start();
    }
    return new RecordingFigures(
        sums.opens,
        sums.lost,
        sums.lostByJfr,
        sums.drained,
        sums.busyNanos,
        bytesPerOpen(recording),
        Files.size(recording),
        sums.hook);
  }

  /** How many events a {@code kernel.EventsLost} tells of; one where nobody counted. */
  static long lost(RecordedEvent event) {
    return Math.max(event.getLong("count"), 1);
  }

  /** From the table of the JDK's own tool: event type, count, size in bytes. */
  private static double bytesPerOpen(Path recording) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jfr").toString(),
                "summary",
                recording.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    double bytes = Double.NaN;
    try (BufferedReader out = process.inputReader()) {
      for (String line : out.lines().toList()) {
        String[] words = line.strip().split("\\s+", -1);
        if (words.length == 3 && words[0].equals(OPEN)) {
          bytes = Double.parseDouble(words[2]) / Double.parseDouble(words[1]);
        }
      }
    }
    process.waitFor();
    return bytes;
  }
}
