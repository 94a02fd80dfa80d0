package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Exits;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every command in runtimes that have few modules: each does its work, or says in one line which
 * module it lacks.
 */
@Tag("kernel")
class LeastRuntimeTest {
  private static final String JAVA_BASE = "java.base";
  private static final String JFR = "java.base,jdk.jfr";
  private static final String LOGGING = "java.base,jdk.jfr,java.logging";
  private static final String ATTACH = "java.base,jdk.attach";

  private static final Map<String, Path> RUNTIMES = new ConcurrentHashMap<>();

  @TempDir static Path temp;
  private static Path recording = Path.of("");

  /**
   * A command in a runtime.
   *
   * @param modules of the runtime
   * @param command its words; PID is a JVM's, RECORDING a recording with kernel events
   * @param exitCode as the command's help tells it
   * @param said on standard output, or of a failure on standard error
   */
  record Row(String modules, List<String> command, int exitCode, String said) {
    @Override
    public String toString() {
      return String.join(" ", command) + " with " + modules;
    }
  }

  private static Row works(String modules, String said, String... command) {
    return new Row(modules, List.of(command), 0, said);
  }

  private static Row lacks(String modules, String lacking, String... command) {
    return new Row(modules, List.of(command), 1, "it lacks the module " + lacking);
  }

  static Stream<Row> rows() {
    return Stream.of(
        works(JAVA_BASE, "Usage: ebpf-agent.jar", "--help"),
        works(JAVA_BASE, "", "settings", "SETTINGS"),
        works(JAVA_BASE, "opens", "perf", "-d", "0.5", "-p", "PID"),
        works(JAVA_BASE, "\"", "perf", "-d", "0.5", "-e", "opens,syscalls", "--json"),
        works(JAVA_BASE, "Will work: kernel.FileOpen", "doctor", "--pid", "PID"),
        works(JFR, "Will work: kernel.FileOpen", "doctor"),
        new Row(JAVA_BASE, List.of("doctor"), 1, "In the way: jfr"),
        lacks(JAVA_BASE, "jdk.attach", "attach", "PID"),
        lacks(JFR, "jdk.attach", "attach", "PID", "-d", "1s", "-o", "OUTPUT"),
        lacks(JFR, "jdk.attach", "detach", "PID"),
        works(ATTACH, "Kernel events are in every recording", "attach", "PID"),
        works(ATTACH, "detached", "detach", "PID"),
        lacks(JFR, "java.logging", "print", "RECORDING"),
        lacks(JFR, "java.logging", "report", "RECORDING"),
        works(LOGGING, "opens (", "print", "RECORDING"),
        works(LOGGING, "Kernel", "report", "RECORDING"));
  }

  @BeforeAll
  static void record() {
    KernelTracing.require();
    assumeTrue(ToolProvider.findFirst("jlink").isPresent(), "this JDK has no jlink");
    recording = temp.resolve("recording.jfr");
    AgentProcess.of(Exits.class, "return", "/dev/null").recordingTo(recording).run();
  }

  private static Path runtime(String modules) {
    return RUNTIMES.computeIfAbsent(
        modules,
        wanted -> {
          Path image = temp.resolve("runtime-" + RUNTIMES.size());
          StringWriter said = new StringWriter();
          int result =
              ToolProvider.findFirst("jlink")
                  .orElseThrow()
                  .run(
                      new PrintWriter(said),
                      new PrintWriter(said),
                      "--add-modules",
                      wanted,
                      "--output",
                      image.toString());
          assertThat(result).as(said.toString()).isZero();
          return image;
        });
  }

  @ParameterizedTest
  @MethodSource("rows")
  void worksOrSaysWhatItLacks(Row row) {
    try (Running jvm = AgentProcess.of(Conductor.class).withoutAgent().start()) {
      jvm.tell("open", "/dev/null");
      if (row.command.get(0).equals("detach") && row.exitCode == 0) {
        assertThat(AgentProcess.command("attach", jvm.pid()).run().exitCode()).isZero();
      }
      List<String> line = new ArrayList<>();
      line.add(runtime(row.modules).resolve("bin/java").toString());
      line.addAll(List.of("-jar", AgentProcess.agentJar().toString()));
      for (String word : row.command) {
        line.add(
            switch (word) {
              case "PID" -> Long.toString(jvm.pid());
              case "RECORDING" -> recording.toString();
              case "SETTINGS" -> temp.resolve("written.jfc").toString();
              case "OUTPUT" -> temp.resolve("never.jfr").toString();
              default -> word;
            });
      }
      Finished finished = AgentCommand.runLine(line);
      assertThat(finished.exitCode()).as(finished.out() + finished.err()).isEqualTo(row.exitCode);
      assertThat(finished.err()).doesNotContain("\tat ", "Exception", "Error");
      if (row.said.startsWith("it lacks")) {
        assertThat(finished.out()).isEmpty();
        assertThat(finished.err().lines())
            .singleElement()
            .satisfies(
                said -> assertThat(said).startsWith(row.command.get(0) + ": ").contains(row.said));
      } else {
        assertThat(finished.out()).contains(row.said);
      }
    }
    assertThat(temp.resolve("never.jfr")).doesNotExist();
  }
}
