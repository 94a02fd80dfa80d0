package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Jvm.Round;
import dev.kernelflight.benchmarks.Jvm.Rounds;
import dev.kernelflight.benchmarks.Table.Sample;
import java.io.IOException;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A million opens in a tight loop: whether each is in the recording, and what that costs the loop
 * and the agent's thread.
 */
record OpensScenario(Jvm jvm, String name, int threads, int rounds) {
  static final int OPENS = 1_000_000;

  private static final double MOST_SLOWDOWN = 1.30;
  private static final double MOST_DRAIN_NANOS = 300;
  private static final double MOST_EVENT_BYTES = 60;

  /** One small object, of a header and two words. */
  private static final double MOST_ALLOCATED_BYTES = 32;

  void run(Table table) throws IOException, InterruptedException {
    for (String kind : List.of("raw", "stream")) {
      run(table, kind);
    }
  }

  private void run(Table table, String kind) throws IOException, InterruptedException {
    Rounds measured = jvm.openLoop(jvm.agent(""), kind, threads, OPENS, rounds, "interleaved");
    String prefix = kind + " ";
    List<RecordingFigures> recordings = measured.recordings();
    table.exactly(
        OPENS,
        name,
        prefix + "events in the recording, each round",
        recordings.stream().mapToLong(RecordingFigures::opens).toArray());
    table.exactly(
        0,
        name,
        prefix + "events lost, each round",
        recordings.stream().mapToLong(RecordingFigures::lost).toArray());
    table.exactly(
        0,
        name,
        prefix + "bytes lost by JFR, each round",
        recordings.stream().mapToLong(RecordingFigures::lostByJfr).toArray());

    List<Round> untraced = measured.warm(false);
    List<Round> traced = measured.warm(true);
    table.tell(
        name, prefix + "untraced, ns per open and close", perOpen(untraced, Round::wallNanos));
    table.tell(name, prefix + "traced, ns per open and close", perOpen(traced, Round::wallNanos));
    table.atMost(
        MOST_SLOWDOWN,
        name,
        prefix + "traced / untraced",
        ratios(traced, untraced, Round::wallNanos));
    table.tell(
        name,
        prefix + "traced / untraced, CPU time of the loop",
        ratios(traced, untraced, Round::cpuNanos));

    double[] busy =
        recordings.stream()
            .skip(1)
            .mapToDouble(r -> (double) r.busyNanos() / r.drained())
            .toArray();
    table.atMost(MOST_DRAIN_NANOS, name, prefix + "draining, ns per event", new Sample(busy, 0));
    table.atMost(
        MOST_DRAIN_NANOS,
        name,
        prefix + "draining thread, ns of CPU time per event",
        perOpen(traced, Round::drainCpuNanos));
    table.atMost(
        MOST_ALLOCATED_BYTES,
        name,
        prefix + "draining thread, bytes allocated per event",
        new Sample(perOpen(traced, Round::drainBytes).values(), 1));
    table.atMost(
        MOST_EVENT_BYTES,
        name,
        prefix + "bytes per event in the recording",
        new Sample(recordings.stream().mapToDouble(RecordingFigures::bytesPerOpen).toArray(), 1));
    table.tell(
        name,
        prefix + "size of the recording / events",
        new Sample(
            recordings.stream().mapToDouble(r -> (double) r.fileBytes() / r.opens()).toArray(), 1));
  }

  static Sample perOpen(List<Round> rounds, ToDoubleFunction<Round> nanos) {
    return new Sample(rounds.stream().mapToDouble(nanos).map(n -> n / OPENS).toArray(), 0);
  }

  /** Of neighbours in time, which saw the same load. */
  static Sample ratios(List<Round> above, List<Round> below, ToDoubleFunction<Round> nanos) {
    double[] ratios = new double[above.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = nanos.applyAsDouble(above.get(i)) / nanos.applyAsDouble(below.get(i));
    }
    return new Sample(ratios, 2);
  }
}
