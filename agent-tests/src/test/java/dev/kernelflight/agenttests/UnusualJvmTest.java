package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Hello;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
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
import org.junit.jupiter.params.provider.ValueSource;

/** JVMs that cannot be attached to, each for real: attach and doctor both say why. */
@Tag("kernel")
class UnusualJvmTest {
  private static final String NUMBERED = "/numbered/";

  /** The project itself may lie below /tmp, and stays there. */
  private static final List<String> OTHER_TMP =
      inMountNamespace(
          "exec 3<'PROJECT' && mount -t tmpfs tmpfs /tmp && mkdir -p 'PROJECT'"
              .concat(" && mount --no-canonicalize --bind /proc/self/fd/3 'PROJECT'")
              .replace("PROJECT", Path.of("..").toAbsolutePath().normalize().toString()));

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

  private static List<String> inMountNamespace(String command) {
    return List.of("unshare", "--mount", "sh", "-c", command + " && exec \"$@\"", "sh");
  }

  private static Row option(String option, String said) {
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
        option("-XX:+DisableAttachMechanism", "it was started with -XX:+DisableAttachMechanism"),
        option(
            "-XX:-EnableDynamicAgentLoading", "it was started with -XX:-EnableDynamicAgentLoading"),
        option("-XX:-FlightRecorder", "JDK Flight Recorder is switched off in this JVM"),
        option("--limit-modules=java.base,java.instrument", "the module jdk.jfr"),
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
        stale("a socket that nobody listens at", List.of()),
        stale("the same in another file system", OTHER_TMP),
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

  private static Row stale(String name, List<String> jvmUnder) {
    return new Row(
        name,
        List.of(),
        jvmUnder,
        UnusualJvmTest::leaveSocket,
        List.of(),
        "is left from an earlier JVM with the same process id: remove it",
        false);
  }

  private static void leaveSocket(Running jvm) {
    Path root = Path.of("/proc/" + jvm.pid() + "/root");
    Path socket = root.resolve(Path.of("/").relativize(Running.socket(jvm.pid())));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
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

  @ParameterizedTest
  @ValueSource(strings = {"noaccess", "invisible", "ptraceable"})
  void aJvmThatProcHides(String hidepid) {
    List<String> under =
        new ArrayList<>(inMountNamespace("mount -t proc -o hidepid=" + hidepid + " proc /proc"));
    under.addAll(user());
    try (Running jvm = AgentProcess.of(Conductor.class).withoutAgent().start()) {
      jvm.tell("open", "/dev/null");
      for (List<?> command :
          List.of(
              List.of("attach", jvm.pid()),
              List.of("detach", jvm.pid()),
              List.of("doctor", "--pid", jvm.pid()),
              List.of("perf", "-p", jvm.pid(), "-d", "1"))) {
        Finished finished = AgentProcess.command(command.toArray()).under(under).run();
        assertThat(finished.exitCode()).as(finished.out()).isNotZero();
        assertThat(finished.out()).isEmpty();
        assertThat(finished.err().lines())
            .singleElement()
            .satisfies(said ->
                assertThat(said)
                    .contains(Long.toString(jvm.pid()))
                    .endsWith(
                        "/proc is mounted with hidepid="
                            + hidepid
                            + ", which hides the processes of other users: run this as root, or as"
                            + " the user of the process"));
      }
    }
  }

  /** However the option came, the agent says what it is; nothing could be recorded. */
  @ParameterizedTest
  @ValueSource(strings = {"", "-XX:VMOptionsFile="})
  void flightRecorderIsOff(String by) throws IOException {
    Path file = Files.writeString(temp.resolve("options"), "-XX:-FlightRecorder\n");
    String option = by.isEmpty() ? "-XX:-FlightRecorder" : by + file;
    Finished goesOn = AgentProcess.of(Hello.class).jvm(option).run();
    assertThat(goesOn.exitCode()).as(goesOn.err()).isZero();
    assertThat(goesOn.messages()).as(goesOn.err()).isEqualTo(1);
    assertThat(goesOn.err())
        .contains(
            "JDK Flight Recorder is switched off in this JVM (-XX:-FlightRecorder)",
            "what to do: start it without that option",
            "The application runs on without kernel events.")
        .doesNotContain("\tat ");
    Finished required =
        AgentProcess.of(Hello.class, "never").agent("required=true").jvm(option).run();
    assertThat(required.exitCode()).isEqualTo(1);
    assertThat(required.out()).isEmpty();
    assertThat(required.messages()).as(required.err()).isEqualTo(1);
  }

  /** Then jcmd -l does not list it, and attaching by its id works. */
  @Test
  void aJvmWithoutPerfData() {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm =
        AgentProcess.of(Conductor.class).withoutAgent().jvm("-XX:-UsePerfData").start()) {
      jvm.tell("open", "/dev/null");
      Finished doctor = AgentProcess.command("doctor", "--pid", jvm.pid()).run();
      assertThat(doctor.exitCode()).as(doctor.out() + doctor.err()).isZero();
      Finished attach = AgentProcess.command("attach", jvm.pid()).run();
      assertThat(attach.exitCode()).as(attach.err()).isZero();
      jvm.tell("start", "r");
      jvm.tell("open", NUMBERED + 1);
      jvm.tell("stop", "r", file);
      assertThat(Recorded.in(file).opensOf(NUMBERED + 1)).hasSize(1);
      assertThat(AgentProcess.command("detach", jvm.pid()).run().exitCode()).isZero();
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
