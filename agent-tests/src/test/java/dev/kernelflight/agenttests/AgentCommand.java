package dev.kernelflight.agenttests;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** {@code java -jar ebpf-agent.jar COMMAND}, as a user runs it. */
final class AgentCommand {
  private static final long TIMEOUT_SECONDS = 300;

  private AgentCommand() {}

  /** The words of the command line. */
  static List<String> line(Object... arguments) {
    return line(List.of(), arguments);
  }

  /** The same with options of the JVM. */
  static List<String> line(List<String> jvmOptions, Object... arguments) {
    List<String> line = new ArrayList<>();
    line.add(AgentProcess.java().toString());
    line.addAll(List.of("-XX:TieredStopAtLevel=1", "-Dstdout.encoding=UTF-8"));
    line.addAll(jvmOptions);
    line.addAll(AgentProcess.jar());
    Stream.of(arguments).map(Object::toString).forEach(line::add);
    return line;
  }

  /** Runs it to its end. */
  static Finished run(Object... arguments) {
    return runLine(line(arguments));
  }

  /** Runs any command line to its end. */
  static Finished runLine(List<String> line) {
    try {
      Path out = Files.createTempFile("command", ".out");
      Path err = Files.createTempFile("command", ".err");
      try {
        Process process =
            new ProcessBuilder(line)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly().waitFor();
          throw new AssertionError(line + " did not end; it printed:\n" + Files.readString(err));
        }
        return new Finished(
            process.exitValue(),
            Files.readString(out, StandardCharsets.UTF_8),
            Files.readString(err, StandardCharsets.UTF_8));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
