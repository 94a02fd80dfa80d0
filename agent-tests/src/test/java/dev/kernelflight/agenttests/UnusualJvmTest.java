package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** JVMs that cannot be attached to, each for real: attach and doctor both say why. */
@Tag("kernel")
class UnusualJvmTest {
  private static final String NUMBERED = "/numbered/";

  @TempDir Path temp;

  /**
   * A JVM that refuses, or one that the command may not look at.
   *
   * @param options of the JVM
   * @param jvmUnder the command that starts the JVM
   * @param then what happens to the JVM
   * @param commandUnder the command that attach and doctor run by
   * @param said of it
   * @param doctor whether doctor sees it as well, without asking the JVM
   */
  record Row(
      String name,
      List<String> options,
      List<String> jvmUnder,
      Consumer<Running> then,
      List<String> commandUnder,
      String said,
      boolean doctor) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Row option(String option) {
    String said = "was started with " + option;
    return new Row(option, List.of(option), List.of(), jvm -> {}, List.of(), said, true);
  }

  private static Row hidden(
      String name, List<String> jvmUnder, List<String> commandUnder, String said) {
    return new Row(name, List.of(), jvmUnder, jvm -> {}, commandUnder, said, true);
  }

  static Stream<Row> rows() {
    List<String> rootWithoutPtrace =
        List.of("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-all");
    return Stream.of(
        option("-XX:+DisableAttachMechanism"),
        option("-XX:-EnableDynamicAgentLoading"),
        new Row(
            "stopped",
            List.of(),
            List.of(),
            jvm -> jvm.signal("STOP"),
            List.of(),
            "it is stopped (SIGSTOP, or a debugger)",
            true),
        new Row(
            "a file in the socket's place",
            List.of(),
            List.of(),
            UnusualJvmTest::leaveFile,
            List.of(),
            "is left from an earlier JVM with the same process id: remove it",
            false),
        hidden(
            "of another user",
            List.of(),
            user(),
            "it belongs to another user (uid 0): run this as"),
        hidden(
            "of the same user, with a capability",
            user("bpf"),
            user(),
            "it has capabilities that this process lacks: run this as root"),
        hidden(
            "of another user, for a root without CAP_SYS_PTRACE",
            user(),
            rootWithoutPtrace,
            "it belongs to another user (uid 1000), and this root lacks CAP_SYS_PTRACE: grant"),
        hidden(
            "from a user namespace",
            List.of(),
            List.of("unshare", "--user", "--map-root-user"),
            "this command is in a user namespace"));
  }

  private static void leaveFile(Running jvm) {
    try {
      Files.createFile(Running.socket(jvm.pid()));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
    assumeTrue(System.getProperty("user.name", "").equals("root"), "only root can become a user");
  }

  @ParameterizedTest
  @MethodSource("rows")
  void attachAndDoctorSayWhy(Row row) {
    try (Running jvm =
        AgentProcess.of(Conductor.class)
            .withoutAgent()
            .jvm(row.options.toArray(String[]::new))
            .under(row.jvmUnder)
            .start()) {
      jvm.tell("open", "/dev/null");
      row.then.accept(jvm);
      Finished attach = AgentProcess.command("attach", jvm.pid()).under(row.commandUnder).run();
      assertThat(attach.exitCode()).as(attach.out()).isEqualTo(1);
      assertThat(attach.err()).contains(row.said).doesNotContain("\tat ");
      if (row.doctor) {
        Finished doctor =
            AgentProcess.command("doctor", "--json", "--pid", jvm.pid())
                .under(row.commandUnder)
                .run();
        assertThat(doctor.exitCode()).isEqualTo(1);
        String cause = row.said.contains(": ") ? row.said.split(": ", 2)[0] : row.said;
        assertThat(doctor.out() + doctor.err()).contains(cause);
      }
    }
  }

  /** Some programs start a JVM and end the thread that did so. */
  @Test
  void aJvmWhoseFirstThreadHasEnded() {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).withoutAgent().start()) {
      jvm.tell("end-first-thread");
      jvm.awaitState("Z");
      Finished doctor = AgentProcess.command("doctor", "--pid", jvm.pid()).run();
      assertThat(doctor.exitCode()).as(doctor.out() + doctor.err()).isZero();
      Finished attach = AgentProcess.command("attach", jvm.pid()).run();
      assertThat(attach.exitCode()).as(attach.err()).isZero();
      jvm.tell("start", "r");
      jvm.tell("open", NUMBERED + 1);
      jvm.tell("stop", "r", file);
      assertThat(Recorded.in(file).opensOf(NUMBERED + 1))
          .singleElement()
          .satisfies(open -> assertThat(open.getThread().getJavaName()).isEqualTo("main"));
      assertThat(AgentProcess.command("detach", jvm.pid()).run().exitCode()).isZero();
    }
  }

  /** Not started by java: then the options are not on the command line. */
  @Test
  void aJvmThatAnotherProgramStarted() throws Exception {
    Path bin = Files.createDirectory(temp.resolve("bin"));
    Path home = Path.of(System.getProperty("java.home"));
    Files.copy(AgentProcess.java(), bin.resolve("launcher"));
    bin.resolve("launcher").toFile().setExecutable(true);
    Files.createSymbolicLink(temp.resolve("lib"), home.resolve("lib"));
    List<String> line = new ArrayList<>();
    line.add(bin.resolve("launcher").toString());
    line.addAll(List.of("-XX:+DisableAttachMechanism", "-cp", AgentProcess.classPath()));
    line.add(Conductor.class.getName());
    Process process = new ProcessBuilder(line).start();
    try {
      AgentProcess.awaitLibrary(process.pid(), "libjvm.so");
      Finished doctor = AgentProcess.command("doctor", "--pid", process.pid()).run();
      assertThat(doctor.out())
          .containsPattern("native-access +its options are not to be seen: launcher started it");
      Finished attach = AgentProcess.command("attach", process.pid()).run();
      assertThat(attach.exitCode()).isEqualTo(1);
      assertThat(attach.err()).contains("-XX:+DisableAttachMechanism").doesNotContain("\tat ");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
