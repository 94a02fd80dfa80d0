package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code attach} and {@code detach}, on JVMs that know nothing of the agent. */
@Tag("kernel")
@Tag("portable")
class AttachTest {
  private static final String NUMBERED = "/numbered/";

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private static AgentProcess plain() {
    return AgentProcess.of(Conductor.class).withoutAgent();
  }

  /** As user 1000 with what tracing needs. */
  private static List<String> allowedUser() throws IOException {
    assumeTrue(new File("/proc/1/mem").canWrite(), "only root can become another user");
    Path paranoid = Path.of("/proc/sys/kernel/perf_event_paranoid");
    return Integer.parseInt(Files.readString(paranoid).strip()) > 2
        // then some distributions' kernels leave perf events to that one; 3 is Debian's default
        ? user("bpf", "sys_admin")
        : user("bpf", "perfmon");
  }

  private Path output() {
    return temp.resolve("recording.jfr");
  }

  /** Runs a command while the JVM opens files, at least one after the other has ended. */
  private static Finished whileItOpens(Running jvm, Path path, AgentProcess command) {
    CompletableFuture<Finished> running = CompletableFuture.supplyAsync(command::run);
    while (!running.isDone()) {
      jvm.tell("open", path);
      pause();
    }
    return running.join();
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private AgentProcess recording(Running jvm, Object... more) {
    return recordingFor("2s", jvm, more);
  }

  private AgentProcess recordingFor(String time, Running jvm, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("attach", jvm.pid(), "-d", time, "-o"));
    arguments.add(output());
    arguments.addAll(List.of(more));
    return AgentProcess.command(arguments.toArray());
  }

  private void assertRecords(Running jvm) {
    Path path = Path.of(NUMBERED, "while");
    Finished attach = whileItOpens(jvm, path, recording(jvm));
    assertThat(attach.exitCode()).as(attach.err()).isZero();
    assertThat(attach.out())
        .startsWith("JVM " + jvm.pid() + ": file opens by ")
        .contains(output() + ": ", " opens (");
    Recorded recorded = Recorded.in(output());
    assertThat(recorded.lost()).isZero();
    assertThat(attach.out()).contains("; " + recorded.skipped() + " lost; hook");
    assertThat(recorded.opensOf(path))
        .isNotEmpty()
        .allSatisfy(open -> {
          assertThat(open.getThread()).isNotNull();
          assertThat(open.getThread().getJavaName()).isEqualTo("main");
        });
    assertThat(attach.out()).contains(recorded.opens().size() + " opens (");
  }

  @Test
  @Tag("jar")
  void recordsAndFetches() {
    try (Running jvm = plain().start()) {
      assertRecords(jvm);
      Finished finished = jvm.end();
      assertThat(finished.exitCode()).isEqualTo(3);
      assertThat(finished.messages()).isZero();
    }
  }

  @Test
  void ofAnotherUser() throws IOException {
    try (Running jvm = plain().under(allowedUser()).start()) {
      jvm.tell("open", "/dev/null");
      assertRecords(jvm);
    }
  }

  @Test
  void asThatUser() throws IOException {
    List<String> user = allowedUser();
    Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxrwxrwx"));
    try (Running jvm = plain().under(user).start()) {
      jvm.tell("open", "/dev/null");
      Finished attach = recording(jvm).under(user).run();
      assertThat(attach.exitCode()).as(attach.err()).isZero();
      assertThat(Files.getAttribute(output(), "unix:uid")).isEqualTo(1000);
      // without the JVM's privileges the user may not even look at it
      Finished refused = AgentProcess.command("attach", jvm.pid()).under(user()).run();
      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.err())
          .contains("it has capabilities that this process lacks: run this as root");
    }
  }

  @Test
  void saysWhatStandsInTheWayOfAttaching() throws IOException {
    allowedUser();
    try (Running jvm = plain().under(user()).start()) {
      jvm.tell("open", "/dev/null");
      Path left = Files.createFile(Running.socket(jvm.pid()));
      Finished refused = AgentProcess.command("attach", jvm.pid()).under(user()).run();
      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.err())
          .contains(left.toString(), "an earlier JVM with the same process id", "remove it");
    }
  }

  /** As in a container: its own process ids, another root, and /tmp somewhere else. */
  @Test
  void inAContainer() throws IOException {
    List<String> user = allowedUser();
    Path root = Files.createDirectory(temp.resolve("root"));
    List<String> container =
        Stream.concat(
                Stream.of(
                    "unshare",
                    "--pid",
                    "--fork",
                    "--mount",
                    "sh",
                    "-c",
                    """
                    root=$1 checkout=$2
                    shift 2
                    mount --rbind / "$root" &&
                    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" &&
                    case $checkout in
                      /tmp/*) mkdir -p "$root$checkout" &&
                        mount --bind "$checkout" "$root$checkout" ;;
                    esac &&
                    mount -t proc proc "$root/proc" &&
                    exec chroot "$root" "$@"\
                    """,
                    "sh",
                    root.toString(),
                    Path.of("..").toAbsolutePath().normalize().toString()),
                user.stream())
            .toList();
    try (Running jvm = plain().under(container).start()) {
      jvm.tell("open", "/dev/null");
      assertRecords(jvm);
      try (Stream<Path> left = Files.list(Path.of("/proc/" + jvm.pid() + "/root/tmp"))) {
        assertThat(left.map(path -> path.getFileName().toString()))
            .contains(".java_pid1")
            .noneMatch(name -> name.startsWith("kernelflight"));
      }
      Finished doctor = AgentProcess.command("doctor", "--pid", jvm.pid()).run();
      assertThat(doctor.exitCode()).as(doctor.out()).isZero();
      assertThat(doctor.out()).contains("pid-namespace", "one of its own", "docker run");
      assertThat(AgentProcess.command("detach", jvm.pid()).run())
          .isEqualTo(new Finished(0, "JVM " + jvm.pid() + ": detached\n", ""));
    }
  }

  /** What the JVM may not do, the caller is told; and nothing is left of the attempt. */
  @Test
  void saysThatTheJvmMayNot() throws IOException {
    allowedUser();
    try (Running jvm = plain().under(user()).start()) {
      jvm.tell("open", "/dev/null");
      Finished attach = recording(jvm).run();
      assertThat(attach.exitCode()).isEqualTo(1);
      assertThat(attach.err())
          .contains("EPERM", "this process lacks CAP_BPF and CAP_PERFMON")
          .doesNotContain("\tat ");
      assertThat(output()).doesNotExist();
      jvm.tell("open", "/dev/null");
      assertThat(jvm.threads()).doesNotContain(AgentProcess.THREAD);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-XX:+DisableAttachMechanism, started with -XX:+DisableAttachMechanism",
    "-XX:-EnableDynamicAgentLoading, started with -XX:-EnableDynamicAgentLoading",
    "--illegal-native-access=deny, denies native access",
    "'--limit-modules=java.base,java.instrument,java.logging', no JDK Flight Recorder"
  })
  void saysWhatTheJvmDenies(String option, String said) {
    assumeTrue(Runtime.version().feature() >= 24 || !option.contains("native-access"), "no option");
    Class<?> main = option.startsWith("--limit") ? WAITS : Conductor.class;
    try (Running jvm =
        AgentProcess.of(main).withoutAgent().withoutNativeAccess().jvm(option).start()) {
      jvm.awaitLibrary("libjvm.so");
      Finished attach = recording(jvm).run();
      assertThat(attach.exitCode()).as(attach.out()).isEqualTo(1);
      assertThat(attach.err()).contains(said).doesNotContain("\tat ");
      assertThat(output()).doesNotExist();
      assertThat(jvm.isAlive()).isTrue();
    }
  }

  private static final Class<?> WAITS = dev.kernelflight.agenttests.apps.Waits.class;

  @Test
  void saysThatTheJvmIsTooOld() throws Exception {
    Path java17 = OldJvmTest.java17();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    assumeTrue(compiler != null, "this JVM has no compiler");
    Path source =
        Files.writeString(
            temp.resolve("Old.java"),
            "class Old { public static void main(String[] a) throws Exception { System.in.read(); } }");
    compiler.run(null, null, null, "--release", "17", "-d", temp.toString(), source.toString());
    Process old = new ProcessBuilder(java17.toString(), "-cp", temp.toString(), "Old").start();
    try {
      AgentProcess.awaitLibrary(old.pid(), "libjvm.so");
      Finished attach = AgentProcess.command("attach", old.pid()).run();
      assertThat(attach.exitCode()).isEqualTo(1);
      assertThat(attach.err())
          .isEqualTo("JVM " + old.pid() + " runs Java 17, and the agent needs 21\n");
      assertThat(old.isAlive()).isTrue();
    } finally {
      old.destroyForcibly().waitFor();
      Files.deleteIfExists(Running.socket(old.pid()));
    }
  }

  @ParameterizedTest
  @Tag("jar")
  @ValueSource(strings = {"", "agent"})
  void detachEndsAllOfIt(String how) {
    AgentProcess process = how.isEmpty() ? plain() : AgentProcess.of(Conductor.class);
    try (Running jvm = process.start()) {
      jvm.tell("start", "r");
      if (how.isEmpty()) {
        assertThat(jvm.kernelObjects()).isZero();
        Finished attach = AgentProcess.command("attach", jvm.pid(), "--buffer", "ring").run();
        assertThat(attach.exitCode()).as(attach.err()).isZero();
        assertThat(attach.out()).contains("ring buffer of", "detach " + jvm.pid());
      }
      jvm.tell("open", NUMBERED + 1);
      assertThat(jvm.kernelObjects()).isPositive();
      assertThat(jvm.threads()).contains(AgentProcess.THREAD);

      assertThat(AgentProcess.command("detach", jvm.pid()).run())
          .isEqualTo(new Finished(0, "JVM " + jvm.pid() + ": detached\n", ""));
      assertThat(jvm.kernelObjects()).isZero();
      assertThat(jvm.threads()).doesNotContain(AgentProcess.THREAD);
      jvm.tell("open", NUMBERED + 2);
      Finished again = AgentProcess.command("detach", jvm.pid()).run();
      assertThat(again.exitCode()).isEqualTo(1);
      assertThat(again.err()).isEqualTo("the agent is not loaded in this JVM\n");

      // and once more, whose jar is another one, and the first one gone
      jvm.tell("uncached");
      Finished attach = AgentProcess.command("attach", jvm.pid()).run();
      assertThat(attach.exitCode()).as(attach.err()).isZero();
      jvm.tell("open", NUMBERED + 3);
      Path file = temp.resolve("r.jfr");
      jvm.tell("stop", "r", file);
      assertThat(Recorded.in(file).opens())
          .extracting(open -> open.getString("path"))
          .filteredOn(path -> path.startsWith(NUMBERED))
          .containsExactly(NUMBERED + 1, NUMBERED + 3);
      jvm.tell("start", "later");
      jvm.tell("open", NUMBERED + 4);
      jvm.tell("stop", "later", file);
      assertThat(Recorded.in(file).opensOf(NUMBERED + 4)).hasSize(1);
      assertThat(jvm.end().exitCode()).isEqualTo(3);
    }
  }

  @Test
  void settingsOfTheRecording() throws Exception {
    Path settings = temp.resolve("own settings.jfc");
    assertThat(AgentProcess.command("settings", "--profile", settings).run().exitCode()).isZero();
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Finished attach = recording(jvm, "-s", "profile", "-s", settings).run();
      assertThat(attach.exitCode()).as(attach.err()).isZero();
      Recorded recorded = Recorded.in(output());
      assertThat(recorded.named(Recorded.STATISTICS))
          .isNotEmpty()
          .allSatisfy(event -> assertThat(event.getInt("osThreadId")).isPositive());

      Finished exists = recording(jvm).run();
      assertThat(exists)
          .isEqualTo(new Finished(1, "", output() + " exists; --force replaces it\n"));
      Finished wrong = recording(jvm, "--force", "-s", temp.resolve("missing.jfc")).run();
      assertThat(wrong.exitCode()).isEqualTo(1);
      assertThat(wrong.err()).contains("there is no settings file");
      Files.writeString(settings, "<not settings");
      Finished broken = recording(jvm, "--force", "-s", settings).run();
      assertThat(broken.exitCode()).isEqualTo(1);
      assertThat(broken.err()).contains("does not start a recording");
      assertThat(Recorded.in(output()).all()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM, 0", "KILL, 1"})
  void aJvmThatEndsMeanwhile(String signal, int exitCode) {
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Running attach = recordingFor("300s", jvm).start();
      attach.awaitErr("recording for ");
      jvm.tell("open", NUMBERED + 1);
      jvm.signal(signal);
      Finished finished = attach.await();
      assertThat(finished.exitCode()).as(finished.err()).isEqualTo(exitCode);
      if (exitCode == 0) {
        assertThat(finished.err()).contains("has ended, and the recording with it");
        assertThat(Recorded.in(output()).opensOf(NUMBERED + 1)).hasSize(1);
      } else {
        assertThat(finished.err()).contains("the JVM has written no recording");
        assertThat(output()).doesNotExist();
      }
    }
  }

  @Test
  void ctrlC() {
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Running attach = recordingFor("300s", jvm).under(Signals.heeding()).start();
      attach.awaitErr("recording for ");
      jvm.tell("open", NUMBERED + 1);
      attach.signal("INT");
      Finished finished = attach.await();
      assertThat(finished.exitCode()).as(finished.err()).isEqualTo(130);
      assertThat(finished.out()).contains(output() + ": ");
      assertThat(Recorded.in(output()).opensOf(NUMBERED + 1)).hasSize(1);
      assertThat(jvm.kernelObjects()).isZero();
    }
  }

  /** It holds the environment and the command line of the JVM. */
  @Test
  void theRecordingIsForItsOwnerAlone() throws IOException {
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Finished attach = recording(jvm).run();
      assertThat(attach.exitCode()).as(attach.err()).isZero();
      assertThat(permissions(output())).isEqualTo("rw-------");

      Files.setPosixFilePermissions(output(), PosixFilePermissions.fromString("rw-rw-rw-"));
      Finished again = recording(jvm, "--force").run();
      assertThat(again.exitCode()).as(again.err()).isZero();
      assertThat(permissions(output())).isEqualTo("rw-------");
      assertThat(Recorded.in(output()).opens()).isNotEmpty();
      try (Stream<Path> files = Files.list(temp)) {
        assertThat(files).containsExactly(output());
      }
    }
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  /** In a directory that others may write: while it records, a link takes the output's place. */
  @Test
  void aLinkInThePlaceOfTheOutputLeadsNowhere() throws IOException {
    Path secret = Files.writeString(temp.resolve("secret"), "secret");
    Object owner = Files.getAttribute(secret, "unix:uid");
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Running attach =
          recordingFor("300s", jvm)
              .under(Signals.heeding())
              .under(List.of("env", "SUDO_UID=1000", "SUDO_GID=1000"))
              .start();
      attach.awaitErr("recording for ");
      Files.delete(output());
      Files.createSymbolicLink(output(), secret);
      attach.signal("INT");
      Finished finished = attach.await();
      assertThat(finished.err()).contains(output() + " is lost", "something else in its place");
      assertThat(secret).hasContent("secret");
      assertThat(Files.getAttribute(secret, "unix:uid")).isEqualTo(owner);
    }
    Files.delete(output());
    Files.createSymbolicLink(output(), secret);
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Finished forced = recording(jvm, "--force").run();
      assertThat(forced.exitCode()).as(forced.err()).isEqualTo(1);
      assertThat(forced.err()).contains("it is a link; name the file itself");
      assertThat(secret).hasContent("secret");
    }
    assertThat(AgentProcess.command("settings", "--force", output()).run().err())
        .contains("it is a link; name the file itself");
    assertThat(secret).hasContent("secret");
  }

  /** The files are the JVM's to read and write, but not their names. */
  @Test
  void theJvmsUserCannotSwapFiles() throws IOException {
    List<String> user = allowedUser();
    try (Running jvm = plain().under(user).start()) {
      jvm.tell("open", "/dev/null");
      Running attach = recordingFor("300s", jvm).under(Signals.heeding()).start();
      attach.awaitErr("recording for ");
      Path directory;
      try (Stream<Path> all = Files.list(Path.of("/proc/" + jvm.pid() + "/root/tmp"))) {
        directory =
            all.filter(path -> path.getFileName().toString().startsWith("kernelflight-"))
                .filter(path -> Files.exists(path.resolve("recording.jfr")))
                .findFirst()
                .orElseThrow();
      }
      assertThat(Files.getAttribute(directory, "unix:uid")).isEqualTo(0);
      assertThat(permissions(directory)).isEqualTo("rwx--x--x");
      assertThat(Files.getAttribute(directory.resolve("recording.jfr"), "unix:uid"))
          .isEqualTo(1000);
      assertThat(permissions(directory.resolve("recording.jfr"))).isEqualTo("rw-------");
      attach.signal("INT");
      assertThat(attach.await().out()).contains(output() + ": ");
      assertThat(directory).doesNotExist();
    }
  }

  /** JFR ends the JVM when its disk is full; so the recording takes no more than so much of it. */
  @Test
  void theOldestGoFirst() {
    String path = "/" + "x/".repeat(1500);
    try (Running jvm = plain().jvm("-XX:FlightRecorderOptions:maxchunksize=1m").start()) {
      jvm.tell("open", "/dev/null");
      Running attach =
          recordingFor("300s", jvm, "--max-size", "2m").under(Signals.heeding()).start();
      attach.awaitErr("recording for ");
      jvm.tell("open", NUMBERED + 1);
      for (int i = 0; i < 2000; i++) {
        jvm.tell("open", path + i);
      }
      jvm.tell("sleep", 4, 700);
      jvm.tell("open", NUMBERED + 2);
      attach.signal("INT");
      Finished finished = attach.await();
      assertThat(finished.err())
          .containsPattern("the first \\d+ s are missing: the recording was larger than 2m");
      assertThat(output().toFile().length()).isLessThan(4 << 20);
      Recorded recorded = Recorded.in(output());
      assertThat(recorded.opensOf(NUMBERED + 1)).isEmpty();
      assertThat(recorded.opensOf(NUMBERED + 2)).hasSize(1);
    }
  }

  static Stream<List<String>> wrong() {
    return Stream.of(
        List.of("2", "Missing required parameter: 'PID'"),
        List.of("2", "'java'", "java"),
        List.of("2", "attach must be auto, fentry, kprobe or tracepoint", "1", "--attach=perf"),
        List.of("2", "pages must be a power of two", "1", "--pages=100"),
        List.of("2", "buffer must be auto, perf or ring", "1", "--buffer=disk"),
        List.of("2", "'0' is no time of a second or more", "1", "-d", "0", "-o", "x.jfr"),
        List.of("2", "'-3' is no time", "1", "-d", "-3", "-o", "x.jfr"),
        List.of("2", "'soon' is no time", "1", "-d", "soon", "-o", "x.jfr"),
        List.of("2", "'much' is no size such as 500m", "1", "--max-size", "much"),
        List.of("2", "are given together", "1", "-d", "3"),
        List.of("2", "are given together", "1", "-o", "x.jfr"),
        List.of("2", "need --duration", "1", "-s", "profile"),
        List.of("1", "there is no process 99999999; jcmd -l lists", "99999999"),
        List.of("1", "a process id is a positive number", "-5"),
        List.of("1", "is no JVM; jcmd -l lists", "SELF'S CHILD"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void calledWrongly(List<String> wrong) throws Exception {
    Process sleeping = new ProcessBuilder("sleep", "600").start();
    try {
      List<String> arguments = new ArrayList<>(List.of("attach"));
      for (String argument : wrong.subList(2, wrong.size())) {
        arguments.add(argument.equals("SELF'S CHILD") ? "" + sleeping.pid() : argument);
      }
      Finished finished = AgentProcess.command(arguments.toArray()).run();
      assertThat(finished.exitCode()).as(finished.err()).isEqualTo(Integer.parseInt(wrong.get(0)));
      assertThat(finished.err()).contains(wrong.get(1)).doesNotContain("\tat ");
      assertThat(finished.out()).isEmpty();
      assertThat(sleeping.isAlive()).isTrue();
    } finally {
      sleeping.destroyForcibly().waitFor();
    }
  }

  @Test
  void aFileThatCannotBeWritten() {
    try (Running jvm = plain().start()) {
      jvm.tell("open", "/dev/null");
      Path missing = temp.resolve("missing").resolve("x.jfr");
      Finished finished = AgentProcess.command("attach", jvm.pid(), "-d", "2", "-o", missing).run();
      assertThat(finished.exitCode()).isEqualTo(1);
      assertThat(finished.err()).startsWith("cannot write " + missing);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"attach", "detach"})
  void help(String command) {
    Finished finished = AgentProcess.command(command, "--help").run();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out()).contains("Usage: ebpf-agent.jar " + command, "PID");
    assertThat(finished.err()).isEmpty();
  }
}
