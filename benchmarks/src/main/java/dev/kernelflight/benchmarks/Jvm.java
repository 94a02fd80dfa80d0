package dev.kernelflight.benchmarks;

import dev.kernelflight.benchmarks.workload.OpenLoop;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Starts the JVMs that are measured, with and without the agent. */
final class Jvm {
  private final Path java = Path.of(System.getProperty("java.home"), "bin", "java");
  private final Path agent;
  private final Path workload;
  private String hook = "no file opens were traced";

  /**
   * @param root of the built source tree
   */
  Jvm(Path root) {
    agent = root.resolve("agent/target/ebpf-agent.jar");
    workload = root.resolve("benchmarks/target/benchmarks.jar");
  }

  /** The hook of file opens in the last recording that was read. */
  String hook() {
    return hook;
  }

  /** {@code -javaagent} with some options, and what silences the JVM's warning. */
  List<String> agent(String options) {
    return List.of(
        "--enable-native-access=ALL-UNNAMED",
        "-javaagent:" + agent + (options.isEmpty() ? "" : "=" + options));
  }

  /** The agent that reads the main thread's clock. */
  String clock(String options) {
    return "-javaagent:" + workload + "=" + options;
  }

  /** Runs a workload to its end and returns what it printed. */
  List<String> run(List<String> options, Class<?> main, Object... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(java.toString()));
    command.addAll(options);
    command.addAll(List.of("-cp", workload.toString(), main.getName()));
    Stream.of(arguments).map(Object::toString).forEach(command::add);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> lines;
    try (BufferedReader out = process.inputReader()) {
      lines = out.lines().toList();
    }
    int exit = process.waitFor();
    if (exit != 0) {
      throw new IOException("exit code " + exit + " of " + String.join(" ", command));
    }
    return lines;
  }

  /**
   * One round of the loop.
   *
   * @param number 0 for the one that warms up
   * @param wallNanos of the whole loop
   * @param cpuNanos of the threads that ran it
   * @param drainCpuNanos of the agent's thread
   * @param drainBytes that the agent's thread allocated
   */
  record Round(
      boolean traced,
      int number,
      long wallNanos,
      long cpuNanos,
      long drainCpuNanos,
      long drainBytes) {
    static Round parse(String line) {
      String[] words = line.split(" ", -1);
      return new Round(
          words[1].equals("traced"),
          Integer.parseInt(words[2]),
          Long.parseLong(words[3]),
          Long.parseLong(words[4]),
          Long.parseLong(words[5]),
          Long.parseLong(words[6]));
    }
  }

  /** The rounds of one JVM, and the recordings of those that were traced, by their number. */
  record Rounds(List<Round> rounds, List<RecordingFigures> recordings) {
    List<Round> warm(boolean traced) {
      return rounds.stream().filter(r -> r.traced == traced && r.number > 0).toList();
    }
  }

  /**
   * Runs the loop of opens.
   *
   * @param how {@code interleaved}, {@code traced} or {@code untraced}
   */
  Rounds openLoop(List<String> options, String kind, int threads, int opens, int rounds, String how)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("kernelflight-benchmark");
    try {
      Path file = Files.createFile(OpenLoop.fileIn(directory));
      List<Round> printed =
          run(options, OpenLoop.class, kind, threads, opens, rounds, how, directory).stream()
              .filter(line -> line.startsWith("round "))
              .map(Round::parse)
              .toList();
      List<RecordingFigures> recordings = new ArrayList<>();
      for (int round = 0; round <= rounds; round++) {
        Path recording = directory.resolve(round + ".jfr");
        if (Files.exists(recording)) {
          recordings.add(RecordingFigures.of(recording, file.toString()));
        }
      }
      if (!recordings.isEmpty()) {
        hook = recordings.getLast().hook();
      }
      return new Rounds(printed, recordings);
    } finally {
      delete(directory);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(file -> {
        try {
          Files.delete(file);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    }
    Files.delete(directory);
  }
}
