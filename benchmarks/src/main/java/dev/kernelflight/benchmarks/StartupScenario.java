package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.Table.Sample;
import dev.kernelflight.benchmarks.workload.Hello;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** CPU time, user and system, of JVMs that print one line, in turns with and without the agent. */
record StartupScenario(Jvm jvm) {
  private static final String NAME = "startup";
  private static final int RUNS = 15;
  private static final double MOST_MILLIS = 150;

  void run(Table table) throws IOException, InterruptedException {
    Path recording = Files.createTempFile("kernelflight-benchmark", ".jfr");
    try {
      // only that tag: where all of them are off, JFR prints the bytecode of its classes in vain
      List<String> recorded =
          List.of("-XX:StartFlightRecording:filename=" + recording, "-Xlog:jfr+startup=off");
      double[] plain = new double[RUNS];
      double[] agent = new double[RUNS];
      double[] plainRecorded = new double[RUNS];
      double[] agentRecorded = new double[RUNS];
      double[] premain = new double[RUNS];
      for (int i = 0; i < RUNS; i++) {
        plain[i] = cpuMillis(List.of());
        agent[i] = cpuMillis(jvm.agent(""));
        plainRecorded[i] = cpuMillis(recorded);
        agentRecorded[i] = cpuMillis(with(recorded, jvm.agent("")));
        premain[i] = premainMillis();
      }
      table.tell(NAME, "JVM without the agent, ms of CPU time", new Sample(plain, 0));
      table.tell(NAME, "JVM with the agent, ms of CPU time", new Sample(agent, 0));
      table.atMost(
          MOST_MILLIS, NAME, "added by the agent, ms of CPU time", difference(agent, plain));
      table.tell(NAME, "of these on the main thread before main(), ms", new Sample(premain, 0));
      table.tell(
          NAME, "JVM without the agent, recording, ms of CPU time", new Sample(plainRecorded, 0));
      table.tell(
          NAME, "JVM with the agent, recording, ms of CPU time", new Sample(agentRecorded, 0));
      table.tell(
          NAME,
          "added by the agent, recording, ms of CPU time",
          difference(agentRecorded, plainRecorded));
    } finally {
      Files.delete(recording);
    }
  }

  private double cpuMillis(List<String> options) throws IOException, InterruptedException {
    long before = ChildCpuTime.micros();
    jvm.run(options, Hello.class);
    return (ChildCpuTime.micros() - before) / 1000.0;
  }

  private double premainMillis() throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(List.of(jvm.clock("before")));
    options.addAll(jvm.agent(""));
    options.add(jvm.clock("after"));
    String hello = jvm.run(options, Hello.class).getFirst();
    return Long.parseLong(hello.substring(hello.indexOf(' ') + 1)) / 1e6;
  }

  private static List<String> with(List<String> some, List<String> more) {
    List<String> all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  private static Sample difference(double[] more, double[] less) {
    double[] differences = new double[more.length];
    for (int i = 0; i < differences.length; i++) {
      differences[i] = more[i] - less[i];
    }
    return new Sample(differences, 0);
  }
}
