package dev.kernelflight.agenttests;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command {@code perf} while it runs. */
final class PerfProcess implements AutoCloseable {
  private static final long TIMEOUT_SECONDS = 300;

  private final Process process;
  private final Path err;
  private final BufferedReader out;
  private final StringBuilder read = new StringBuilder();

  private PerfProcess(List<String> line) throws IOException {
    err = Files.createTempFile("perf", ".err");
    process =
        new ProcessBuilder(line)
            .redirectInput(new File("/dev/null"))
            .redirectError(err.toFile())
            .start();
    out = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Starts it, and waits until it traces. */
  static PerfProcess start(String options, Object... more) {
    return start(List.of(), options, more);
  }

  /** The same with options of the JVM. */
  static PerfProcess start(List<String> jvmOptions, String options, Object... more) {
    Object[] arguments = new Object[more.length + 1];
    arguments[0] = "perf";
    System.arraycopy(more, 0, arguments, 1, more.length);
    List<String> line = AgentCommand.line(jvmOptions, arguments);
    line.addAll(List.of(options.split(" ", -1)));
    line.addAll(0, Signals.heeding());
    try {
      PerfProcess perf = new PerfProcess(line);
      if (!options.contains("--json") && !perf.nextLine().startsWith("TIME ")) {
        throw new AssertionError("no header but " + perf.read);
      }
      return perf;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next line of its output, which must come. */
  String nextLine() {
    try {
      String line = out.readLine();
      if (line == null) {
        throw new AssertionError(
            "no more output after " + read + "\n" + Files.readString(err, StandardCharsets.UTF_8));
      }
      read.append(line).append('\n');
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads until a line contains a text, and returns that one. */
  String awaitLine(String text) {
    String line = nextLine();
    while (!line.contains(text)) {
      line = nextLine();
    }
    return line;
  }

  long pid() {
    return process.pid();
  }

  /** No one reads its output any more. */
  void closeOutput() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean runs() {
    return process.isAlive();
  }

  /** As {@code kill -NAME}. */
  void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(pid())).inheritIO().start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits for its end; all of its output. */
  Finished await() {
    try {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        read.append(line).append('\n');
      }
      return awaitExit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for its end; the output that was read before. */
  Finished awaitExit() {
    try {
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("perf did not end; it printed:\n" + read);
      }
      String messages = Files.readString(err, StandardCharsets.UTF_8);
      return new Finished(process.exitValue(), read.toString(), messages);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    err.toFile().delete();
  }
}
