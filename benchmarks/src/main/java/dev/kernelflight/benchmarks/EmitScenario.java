package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Table.Sample;
import java.util.Collection;
import java.util.Objects;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** {@link EmitBenchmark}, with the garbage collector's profiler for what it allocates. */
final class EmitScenario {
  private static final String NAME = "emit";

  private EmitScenario() {}

  static void run(Table table) throws RunnerException {
    run(table, "emit", "decode and commit");
    run(table, "commit", "JFR's part of it");
  }

  private static void run(Table table, String benchmark, String what) throws RunnerException {
    RunResult result =
        new Runner(
                new OptionsBuilder()
                    .include(EmitBenchmark.class.getName() + "." + benchmark + "$")
                    .addProfiler(GCProfiler.class)
                    .verbosity(VerboseMode.SILENT)
                    .shouldFailOnError(true)
                    .build())
            .runSingle();
    double[] nanos =
        result.getBenchmarkResults().stream()
            .map(BenchmarkResult::getIterationResults)
            .flatMap(Collection::stream)
            .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
            .toArray();
    double bytes =
        Objects.requireNonNull(result.getSecondaryResults().get("gc.alloc.rate.norm")).getScore();
    table.tell(NAME, what + ", ns per record", new Sample(nanos, 0));
    table.tell(NAME, what + ", bytes allocated per record", new Sample(new double[] {bytes}, 1));
  }
}
