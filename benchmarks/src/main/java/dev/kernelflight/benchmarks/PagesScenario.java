package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Jvm.Round;
import dev.kernelflight.benchmarks.Jvm.Rounds;
import java.io.IOException;
import java.util.List;

/** How large the buffers must be for nothing to be lost, and what their size does to the speed. */
record PagesScenario(Jvm jvm) {
  private static final int LEAST_PAGES = 16;
  private static final int MOST_PAGES = 1024;

  void run(Table table) throws IOException, InterruptedException {
    for (String buffer : List.of("perf", "ring")) {
      for (int pages = LEAST_PAGES; pages <= MOST_PAGES; pages *= 2) {
        for (int threads : new int[] {1, 8}) {
          run(table, buffer, pages, threads);
        }
      }
    }
  }

  private void run(Table table, String buffer, int pages, int threads)
      throws IOException, InterruptedException {
    Rounds measured =
        jvm.openLoop(
            jvm.agent("buffer=" + buffer + ",pages=" + pages),
            "raw",
            threads,
            OpensScenario.OPENS,
            1,
            "traced");
    String name = "pages=" + pages;
    String prefix = buffer + " opens-" + threads + " ";
    table.exactly(
        0, name, prefix + "events lost, cold round", measured.recordings().getFirst().lost());
    table.exactly(
        0,
        name,
        prefix + "events lost, warm round",
        measured.recordings().stream().skip(1).mapToLong(RecordingFigures::lost).toArray());
    table.tell(
        name,
        prefix + "traced, ns per open and close",
        OpensScenario.perOpen(measured.warm(true), Round::wallNanos));
  }
}
