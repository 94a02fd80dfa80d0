package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Jvm.Round;
import dev.kernelflight.benchmarks.Jvm.Rounds;
import dev.kernelflight.benchmarks.Table.Sample;
import dev.kernelflight.benchmarks.workload.IdleCheck;
import dev.kernelflight.benchmarks.workload.SyscallLoop;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** The loops in JVMs with and without the agent, in turns, while nothing is recorded. */
record IdleScenario(Jvm jvm, int rounds) {
  private static final String NAME = "idle";
  private static final List<String> NO_AGENT = List.of("--enable-native-access=ALL-UNNAMED");

  private interface Loop {
    double nanos(List<String> options) throws IOException, InterruptedException;
  }

  void run(Table table) throws IOException, InterruptedException {
    compare(table, "open and close", this::nanosPerOpen);
    compare(table, "getppid", this::nanosPerCall);
    String programs = jvm.run(jvm.agent(""), IdleCheck.class).getFirst();
    table.exactly(
        0,
        NAME,
        "BPF programs loaded while nothing is recorded",
        Long.parseLong(programs.substring(programs.indexOf(' ') + 1)));
  }

  private void compare(Table table, String what, Loop loop)
      throws IOException, InterruptedException {
    double[] without = new double[rounds];
    double[] with = new double[rounds];
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      without[i] = loop.nanos(NO_AGENT);
      with[i] = loop.nanos(jvm.agent(""));
      ratios[i] = with[i] / without[i];
    }
    table.tell(NAME, "no agent, ns per " + what, new Sample(without, 0));
    table.tell(NAME, "agent, no recording, ns per " + what, new Sample(with, 0));
    table.tell(NAME, what + ": agent / no agent (1.00 within noise)", new Sample(ratios, 2));
  }

  private double nanosPerCall(List<String> options) throws IOException, InterruptedException {
    String line = jvm.run(options, SyscallLoop.class, "idle").getLast();
    return Double.parseDouble(line.substring("idle ".length()));
  }

  /** The best of three warm rounds: each JVM compiles the loop a little differently. */
  private double nanosPerOpen(List<String> options) throws IOException, InterruptedException {
    Rounds measured = jvm.openLoop(options, "raw", 1, OpensScenario.OPENS, 3, "untraced");
    return Arrays.stream(OpensScenario.perOpen(measured.warm(false), Round::wallNanos).values())
        .min()
        .orElseThrow();
  }
}
