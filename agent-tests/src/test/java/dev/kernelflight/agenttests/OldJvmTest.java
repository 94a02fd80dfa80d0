package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A JVM that is too old for the agent says so, and the application runs on. */
class OldJvmTest {
  /** {@code java} of Java 17; skips the running test where there is none. */
  static Path java17() {
    return Stream.of("/usr/lib/jvm/java-17-openjdk-amd64", "/usr/lib/jvm/java-17-openjdk-arm64")
        .map(home -> Path.of(home, "bin", "java"))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseGet(() -> abort("no Java 17 is installed here"));
  }

  /** {@code -version} runs agents, and then what it is for. */
  @ParameterizedTest
  @CsvSource({
    "'', 0, the application runs on without kernel events",
    "=pages=64, 0, the application runs on without kernel events",
    "=required=true, 1, it does not start"
  })
  void saysSoOnce(String options, int exitCode, String consequence) {
    Finished finished =
        AgentCommand.runLine(
            List.of(
                java17().toString(),
                "-javaagent:" + AgentProcess.agentJar() + options,
                "-version"));
    assertThat(finished.exitCode()).as(finished.err()).isEqualTo(exitCode);
    List<String> lines = new ArrayList<>(finished.err().lines().toList());
    assertThat(lines.remove(0))
        .matches(
            "Kernel Flight Recorder: this JVM is Java 17[.0-9]*, and Kernel Flight Recorder needs"
                + " Java 21 or newer; "
                + consequence);
    assertThat(lines.isEmpty()).isEqualTo(exitCode != 0);
  }

  @Test
  void commandsSayWhichJavaTheyNeed() {
    Finished finished =
        AgentCommand.runLine(
            List.of(java17().toString(), "-jar", AgentProcess.agentJar().toString(), "doctor"));
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err()).contains("needs Java 21 or newer").hasLineCount(1);
  }
}
