package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Jvm.Round;
import dev.kernelflight.benchmarks.Jvm.Rounds;
import dev.kernelflight.benchmarks.Table.Sample;
import dev.kernelflight.benchmarks.workload.IdleCheck;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** The loop of opens in JVMs with and without the agent, in turns, while nothing is recorded. */
record IdleScenario(Jvm jvm, int rounds) {
  private static final String NAME = "idle";

  void run(Table table) throws IOException, InterruptedException {
    double[] without = new double[rounds];
    double[] with = new double[rounds];
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      without[i] = nanosPerOpen(List.of("--enable-native-access=ALL-UNNAMED"));
      with[i] = nanosPerOpen(jvm.agent(""));
      ratios[i] = with[i] / without[i];
    }
    table.tell(NAME, "no agent, ns per open and close", new Sample(without, 0));
    table.tell(NAME, "agent, no recording, ns per open and close", new Sample(with, 0));
    table.tell(NAME, "agent / no agent (1.00 within noise)", new Sample(ratios, 2));
    String programs = jvm.run(jvm.agent(""), IdleCheck.class).getFirst();
    table.exactly(
        0,
        NAME,
        "BPF programs loaded while nothing is recorded",
        Long.parseLong(programs.substring(programs.indexOf(' ') + 1)));
  }

  /** The best of three warm rounds: each JVM compiles the loop a little differently. */
  private double nanosPerOpen(List<String> options) throws IOException, InterruptedException {
    Rounds measured = jvm.openLoop(options, "raw", 1, OpensScenario.OPENS, 3, "untraced");
    return Arrays.stream(OpensScenario.perOpen(measured.warm(false), Round::wallNanos).values())
        .min()
        .orElseThrow();
  }
}
