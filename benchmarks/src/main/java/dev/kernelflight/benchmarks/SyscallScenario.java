package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Table.Sample;
import dev.kernelflight.benchmarks.workload.SyscallLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** What tracing every system call costs the cheapest one, and whether many events arrive whole. */
record SyscallScenario(Jvm jvm, int rounds) {
  private static final String NAME = "syscalls";
  private static final double MOST_ADDED_NANOS = 350;
  private static final int TRACED = 3;
  private static final int IDLE = 4;
  private static final int THREADS = 4;
  private static final int CALLS_PER_SECOND = 200_000;
  private static final int SECONDS = 60;

  void run(Table table) throws IOException, InterruptedException {
    List<String> lines = jvm.run(jvm.agent(""), SyscallLoop.class, "loop", rounds);
    table.tell(NAME, "no recording, ns per call", new Sample(column(lines, "", IDLE), 0));
    table.tell(NAME, "other calls recorded, added ns per call", added(lines, "OTHER_CALLS"));
    atMost(table, "statistics only, added ns per call", added(lines, "STATISTICS"));
    atMost(table, "threshold 20 ms, added ns per call", added(lines, "THRESHOLD"));
    table.tell(NAME, "both, added ns per call", added(lines, "BOTH"));
    steady(table);
  }

  private static void atMost(Table table, String figure, Sample added) {
    table.atMost(MOST_ADDED_NANOS, NAME, figure, added);
  }

  private static Sample added(List<String> lines, String mode) {
    double[] added = column(lines, mode, TRACED);
    double[] idle = column(lines, mode, IDLE);
    Arrays.setAll(added, i -> added[i] - idle[i]);
    return new Sample(added, 0);
  }

  /** Of a mode, or of all; without the round that warms up. */
  private static double[] column(List<String> lines, String mode, int column) {
    return lines.stream()
        .map(line -> line.split(" ", -1))
        .filter(w -> w[0].equals("loop") && w[1].startsWith(mode) && !w[2].equals("0"))
        .mapToDouble(w -> Double.parseDouble(w[column]))
        .toArray();
  }

  private void steady(Table table) throws IOException, InterruptedException {
    Path recording = Files.createTempFile("kernelflight-benchmark", ".jfr");
    try {
      List<String> lines =
          jvm.run(
              jvm.agent(""),
              SyscallLoop.class,
              "steady",
              THREADS,
              CALLS_PER_SECOND,
              SECONDS,
              recording);
      long made = Long.parseLong(lines.getLast().substring("steady ".length()));
      long events = 0;
      long counted = 0;
      long lost = 0;
      try (RecordingFile file = new RecordingFile(recording)) {
        while (file.hasMoreEvents()) {
          RecordedEvent event = file.readEvent();
          switch (event.getEventType().getName()) {
            case "kernel.Syscall" -> events++;
            case "kernel.EventsLost" -> lost += RecordingFigures.lost(event);
            case "kernel.SyscallStatistics" ->
                counted += event.getString("name").equals("getppid") ? event.getLong("count") : 0;
            default -> {
              // not of this scenario
            }
          }
        }
      }
      String rate = CALLS_PER_SECOND / 1000 + ",000 calls/s for " + SECONDS + " s: ";
      table.exactly(made, NAME, rate + "events", events);
      table.exactly(made, NAME, rate + "counted by the statistics", counted);
      table.exactly(0, NAME, rate + "lost", lost);
    } finally {
      Files.delete(recording);
    }
  }
}
