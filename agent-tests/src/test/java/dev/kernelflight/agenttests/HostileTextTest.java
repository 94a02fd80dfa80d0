package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Hostile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others wrote never commands the terminal that a command prints to, often that of root. */
class HostileTextTest {
  private static final int STORM = 3000;
  private static final String PATH = "/hostile/" + Hostile.TEXT;

  @TempDir static Path temp;
  private static Path recording = Path.of("");

  /** As the agent's, but written by whoever likes to. */
  @Name("kernel.FileOpen")
  static final class Open extends Event {
    @Nullable String path;
    @Nullable String flags;
    @Nullable String mode;
    int fd = -1;
    @Nullable String errno;
    int osThreadId;
    @Nullable String osThreadName;
  }

  @Name("kernel.Probe")
  static final class Probe extends Event {
    @Nullable String event;
    @Nullable String hook;
    @Nullable String target;
    @Nullable String refused;
  }

  @Name("kernel.EventsLost")
  static final class Lost extends Event {
    int cpu;
    long count;
    @Nullable String reason;
  }

  @BeforeAll
  static void record() throws Exception {
    recording = temp.resolve("hostile.jfr");
    try (Recording jfr = new Recording()) {
      jfr.start();
      Thread writer = new Thread(HostileTextTest::commit, Hostile.TEXT);
      writer.start();
      writer.join();
      jfr.dump(recording);
    }
  }

  private static void commit() {
    Probe probe = new Probe();
    probe.event = "kernel.FileOpen" + Hostile.TEXT;
    probe.hook = "fentry" + Hostile.TEXT;
    probe.target = Hostile.TEXT;
    probe.refused = Hostile.TEXT;
    probe.commit();
    Lost lost = new Lost();
    lost.count = 1;
    lost.reason = Hostile.TEXT;
    lost.commit();
    for (int i = 0; i < STORM; i++) {
      Open open = new Open();
      open.path = PATH;
      open.flags = "O_RDONLY" + Hostile.TEXT;
      open.mode = Hostile.TEXT;
      open.errno = "ENOENT" + Hostile.TEXT;
      open.osThreadId = 1;
      open.osThreadName = Hostile.TEXT;
      open.commit();
    }
  }

  private static void assertFitForATerminal(String printed) {
    assertThat(printed.codePoints())
        .as(printed)
        .allMatch(c -> c == '\n' || !Character.isISOControl(c))
        .noneMatch(c -> Character.getType(c) == Character.FORMAT)
        .noneMatch(c -> c == '\u2028' || c == '\u2029');
    assertThat(printed.lines()).noneMatch(line -> line.startsWith("FORGED"));
  }

  private static String fit(Finished finished) {
    assertFitForATerminal(finished.out());
    assertFitForATerminal(finished.err());
    return finished.out();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--limit=5",
        "--events=opens,lost,probe",
        "--top=paths,threads,errnos",
        "--json --limit=5",
        "--json --events=lost,probe"
      })
  void print(String options) {
    Object[] words = ("print " + recording + " " + options).split(" ", -1);
    assertThat(fit(AgentCommand.run(words))).contains("FORGED");
  }

  /** Escaped as JSON has it, so it is the same text for a program. */
  @Test
  void jsonIsWhole() throws Exception {
    Finished finished = AgentCommand.run("print", recording, "--json", "--limit=1", "-e", "opens");
    JsonObject open = JsonParser.object().from(fit(finished));
    assertThat(open.getString("path")).isEqualTo(PATH);
    assertThat(open.getString("eventThread")).isEqualTo(Hostile.TEXT);
  }

  @Test
  void report() throws Exception {
    Path html = temp.resolve("report.html");
    assertThat(fit(AgentCommand.run("report", recording, "--html", html))).contains("FORGED");
    assertThat(fit(AgentCommand.run("report", recording, "--json"))).contains("FORGED");
    assertFitForATerminal(Files.readString(html));
  }

  @Test
  void namesOfFiles() {
    for (String command : new String[] {"print", "report"}) {
      assertThat(fit(AgentCommand.run(command, temp.resolve("no\u001b[31m\u202e.jfr")))).isEmpty();
    }
  }

  @Test
  @Tag("kernel")
  @Tag("portable")
  void whatAnotherJvmAnswers() {
    KernelTracing.require();
    try (Running jvm = AgentProcess.of(Hostile.class).withoutAgent().start()) {
      jvm.tell("open");
      assertThat(fit(AgentProcess.command("attach", jvm.pid()).run()))
          .startsWith("JVM " + jvm.pid() + ": file opens by ")
          .contains("FORGED");
      assertThat(fit(AgentProcess.command("detach", jvm.pid()).run())).contains("FORGED");
    }
  }

  @Test
  @Tag("kernel")
  @Tag("portable")
  void whatAnotherJvmWasStartedWith() {
    try (Running jvm = AgentProcess.of(Hostile.class).agent("no=" + Hostile.TEXT).start()) {
      jvm.tell("open");
      assertThat(fit(AgentProcess.command("doctor", "--pid", jvm.pid()).run())).contains("FORGED");
      assertThat(fit(AgentProcess.command("doctor", "--json", "--pid", jvm.pid()).run()))
          .contains("FORGED");
      jvm.signal("TERM");
      assertFitForATerminal(jvm.await().err());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"perf -d 2 -p", "perf -d 2 --json -p"})
  @Tag("kernel")
  @Tag("portable")
  void whatAProcessDoes(String words) {
    KernelTracing.require();
    try (Running jvm = AgentProcess.of(Hostile.class).withoutAgent().start()) {
      jvm.tell("open");
      List<Object> perf = new ArrayList<>(List.of((Object[]) words.split(" ", -1)));
      perf.add(jvm.pid());
      CompletableFuture<Finished> running =
          CompletableFuture.supplyAsync(() -> AgentCommand.run(perf.toArray()));
      while (!running.isDone()) {
        jvm.tell("open");
        LockSupport.parkNanos(20_000_000);
      }
      assertThat(fit(running.join())).contains("/hostile/", "FORGED");
    }
  }
}
