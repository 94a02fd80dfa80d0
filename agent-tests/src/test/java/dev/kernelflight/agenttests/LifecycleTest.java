package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.tools.attach.VirtualMachine;
import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Exits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Recordings begin and end, the agent comes late, the JVM goes: what is attached, what recorded.
 */
@Tag("kernel")
class LifecycleTest {
  private static final long PATIENCE_SECONDS = 240;

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  private static void eventually(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waiting until " + what).isLessThan(deadline);
      try {
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void assertEndsQuietly(Running jvm) {
    assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
  }

  private List<String> numberedOpens(Path file) {
    return Recorded.in(file).opens().stream()
        .map((RecordedEvent open) -> open.getString("path"))
        .filter(path -> path.startsWith("/numbered/"))
        .map(path -> path.substring("/numbered/".length()))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"buffer=perf", "buffer=ring"})
  void attachedOnlyWhileARecordingRuns(String options) {
    Path first = temp.resolve("first.jfr");
    Path second = temp.resolve("second.jfr");
    Path third = temp.resolve("third.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).agent(options).start()) {
      jvm.tell("open", "/numbered/0");
      assertThat(jvm.kernelObjects()).isZero();

      jvm.tell("start", "first");
      assertThat(jvm.programs()).isPositive();
      jvm.tell("open", "/numbered/1");
      jvm.tell("start", "second");
      long programs = jvm.programs();
      jvm.tell("open", "/numbered/2");
      jvm.tell("stop", "first", first);
      assertThat(jvm.programs()).isEqualTo(programs);
      jvm.tell("open", "/numbered/3");
      jvm.tell("stop", "second", second);
      eventually("all is detached", () -> jvm.kernelObjects() == 0);
      jvm.tell("open", "/numbered/4");

      jvm.tell("start", "third");
      assertThat(jvm.programs()).isEqualTo(programs);
      jvm.tell("open", "/numbered/5");
      jvm.tell("stop", "third", third);
      eventually("all is detached again", () -> jvm.kernelObjects() == 0);
      assertEndsQuietly(jvm);
    }
    assertThat(numberedOpens(first)).containsExactly("1", "2");
    assertThat(numberedOpens(second)).containsExactly("2", "3");
    assertThat(numberedOpens(third)).containsExactly("5");
  }

  @Test
  void attachedOnlyWhileTheEventIsEnabled() {
    Path file = temp.resolve("recording.jfr");
    long attached = kernelObjectsOfAProbe();
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell(
          "start", "r", Recorded.FILE_OPEN, Recorded.SYSCALL, Recorded.STATISTICS, Recorded.SIGNAL);
      jvm.tell("open", "/numbered/1");
      assertThat(jvm.kernelObjects()).isZero();
      jvm.tell("enable", "r", Recorded.FILE_OPEN);
      eventually("it is attached", () -> jvm.kernelObjects() == attached);
      jvm.tell("open", "/numbered/2");
      // drains: JFR takes no event that is disabled when its record comes out of the buffer
      jvm.tell("dump", "r", temp.resolve("dump.jfr"));
      jvm.tell("disable", "r", Recorded.FILE_OPEN);
      eventually("it is detached", () -> jvm.kernelObjects() == 0);
      jvm.tell("open", "/numbered/3");
      jvm.tell("enable", "r", Recorded.FILE_OPEN);
      eventually("it is attached again", () -> jvm.kernelObjects() == attached);
      jvm.tell("open", "/numbered/4");
      jvm.tell("stop", "r", file);
      eventually("all is detached", () -> jvm.kernelObjects() == 0);
      assertEndsQuietly(jvm);
    }
    assertThat(numberedOpens(file)).containsExactly("2", "4");
  }

  /** With less than these a probe is still being attached. */
  private static long kernelObjectsOfAProbe() {
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r", Recorded.SYSCALL, Recorded.STATISTICS, Recorded.SIGNAL);
      long objects = jvm.kernelObjects();
      assertThat(objects).isPositive();
      assertEndsQuietly(jvm);
      return objects;
    }
  }

  @Test
  @Tag("portable")
  void aDumpHoldsAllThatHappenedBeforeIt() {
    Path rest = temp.resolve("rest.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "r");
      for (int i = 0; i < 10; i++) {
        jvm.tell("open", "/numbered/" + i);
        Path dump = temp.resolve(i + ".jfr");
        jvm.tell("dump", "r", dump);
        assertThat(numberedOpens(dump)).hasSize(i + 1).endsWith(String.valueOf(i));
      }
      jvm.tell("stop", "r", rest);
      assertEndsQuietly(jvm);
    }
    assertThat(numberedOpens(rest)).hasSize(10);
  }

  @ParameterizedTest
  @Tag("portable")
  @CsvSource({"return,0", "exit,7", "exception,1"})
  void theLastOpenBeforeTheExitIsRecorded(String way, int exitCode) throws Exception {
    Path last = Files.writeString(temp.resolve("last"), "x");
    Path file = temp.resolve("recording.jfr");
    AgentProcess process = AgentProcess.of(Exits.class, way, last).recordingTo(file);
    Finished finished = process.run();
    assertThat(finished.exitCode()).isEqualTo(exitCode);
    assertThat(finished.out()).isEqualTo("started\n");
    assertThat(Recorded.in(file).opensOf(last))
        .singleElement()
        .satisfies(open -> assertThat(open.getThread()).isNotNull());
    assertThat(process.withoutAgent().run()).isEqualTo(finished);
  }

  /** A JVM that ends waits 300 ms for threads in native code. */
  @ParameterizedTest
  @Tag("portable")
  @ValueSource(strings = {"buffer=perf", "buffer=ring"})
  void theAgentsThreadLeavesNativeCodeWhenTheJvmEnds(String options) throws Exception {
    Path last = Files.writeString(temp.resolve("last"), "x");
    Path file = temp.resolve("recording.jfr");
    Finished finished =
        AgentProcess.of(Exits.class, "watched", last).agent(options).recordingTo(file).run();
    assertThat(finished)
        .isEqualTo(new Finished(0, "started\nKernel Flight Recorder waits in Java\n", ""));
    assertThat(Recorded.in(file).opensOf(last)).hasSize(1);
  }

  @Test
  @Tag("portable")
  void haltIsAsQuickAsWithoutTheAgent() throws Exception {
    Path last = Files.writeString(temp.resolve("last"), "x");
    AgentProcess process =
        AgentProcess.of(Exits.class, "halt", last).recordingTo(temp.resolve("recording.jfr"));
    Finished finished = process.run();
    assertThat(finished).isEqualTo(new Finished(8, "started\n", ""));
  }

  @Test
  @Tag("portable")
  void loadedIntoARunningJvmBeforeARecordingStarts() throws Exception {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = unpreparedJvm()) {
      load(jvm, "buffer=ring");
      assertThat(jvm.kernelObjects()).isZero();
      jvm.tell("start", "r");
      assertThat(jvm.programs()).isPositive();
      jvm.tell("open", "/numbered/1");
      jvm.tell("stop", "r", file);
      assertEndsQuietly(jvm);
    }
    assertThat(numberedOpens(file)).containsExactly("1");
  }

  @Test
  @Tag("portable")
  void loadedIntoARunningJvmTwiceWhileARecordingRuns() throws Exception {
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = unpreparedJvm()) {
      jvm.tell("start", "r");
      jvm.tell("open", "/numbered/0");
      load(jvm, "");
      assertThat(jvm.programs()).isPositive();
      long programs = jvm.programs();
      String threads = jvm.tell("threads");
      jvm.tell("open", "/numbered/1");
      load(jvm, "buffer=ring");
      assertThat(jvm.programs()).isEqualTo(programs);
      assertThat(jvm.tell("threads")).isEqualTo(threads);
      jvm.tell("open", "/numbered/2");
      jvm.tell("stop", "r", file);
      Finished finished = jvm.end();
      assertThat(finished.exitCode()).isEqualTo(3);
      assertThat(finished.err())
          .isEqualTo(
              AgentProcess.PREFIX + "already loaded; the options of this load are ignored\n");
    }
    assertThat(numberedOpens(file)).containsExactly("1", "2");
    assertThat(Recorded.in(file).opensOf("/numbered/1"))
        .allSatisfy(open -> assertThat(open.getThread().getJavaName()).isEqualTo("main"));
  }

  private static Running unpreparedJvm() {
    return AgentProcess.of(Conductor.class)
        .withoutAgent()
        .jvm("-XX:+EnableDynamicAgentLoading")
        .start();
  }

  private static void load(Running jvm, String options) throws Exception {
    jvm.tell("threads"); // it is up
    VirtualMachine machine = VirtualMachine.attach(String.valueOf(jvm.pid()));
    try {
      machine.loadAgent(AgentProcess.agentJar().toString(), options);
    } finally {
      machine.detach();
    }
  }
}
