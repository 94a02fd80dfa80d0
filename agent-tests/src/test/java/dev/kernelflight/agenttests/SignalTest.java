package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kernel.Signal} in recordings. */
@Tag("kernel")
@Tag("jar")
class SignalTest {
  @TempDir Path directory;

  @BeforeAll
  static void traces() {
    KernelTracing.require();
  }

  /** The shell that sent the signal, which stays until it has been looked at. */
  private static Process send(String signal, long pid) throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", "kill -" + signal + " " + pid + "; echo; read line").start();
    assertThat(shell.getInputStream().read()).isEqualTo('\n');
    return shell;
  }

  private static List<RecordedEvent> signals(Recorded recorded, String name) {
    return recorded.named(Recorded.SIGNAL).stream()
        .filter(signal -> name.equals(signal.getString("name")))
        .toList();
  }

  /** What an engineer asks after a service has ended by itself. */
  @Test
  void whoEndedTheJvm() throws Exception {
    Path file = directory.resolve("ended.jfr");
    Process sender;
    try (Running process = AgentProcess.of(Conductor.class).recordingTo(file).start()) {
      process.tell("burn"); // by then the recording runs
      sender = send("TERM", process.pid());
      process.await();
    }
    Recorded recorded = Recorded.in(file);
    assertThat(signals(recorded, "SIGTERM"))
        .singleElement()
        .satisfies(signal -> {
          assertThat(signal.getString("code")).isEqualTo("SI_USER");
          assertThat(signal.getInt("senderPid")).isEqualTo((int) sender.pid());
          assertThat(signal.getLong("senderUid")).isEqualTo(userId());
          assertThat(signal.getString("senderName")).isEqualTo("sh");
          assertThat(signal.getInt("osThreadId")).isPositive();
        });
    assertThat(recorded.named(Recorded.PROBE))
        .filteredOn(probe -> Recorded.SIGNAL.equals(probe.getString("event")))
        .isNotEmpty()
        .allMatch(probe -> probe.getString("target").equals("signal_deliver"));
    recorded.assertNothingLost();
    sender.destroy();

    Finished printed = AgentProcess.command("print", "-e", "signals", file).run();
    assertThat(printed.out())
        .containsPattern(
            "SIGTERM SI_USER from process " + sender.pid() + " \\(sh\\) of user " + userId());
    assertThat(printed.out()).contains("1 signals");
  }

  private static long userId() throws Exception {
    Process id = new ProcessBuilder("id", "-u").start();
    return Long.parseLong(
        new String(id.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
  }

  /** JFR's own samples of threads are taken by signals. */
  @Test
  void thoseOfTheJvmItselfOnlyWhereWanted() throws Exception {
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      process.tell("start", "without", "jdk.ExecutionSample#enabled=true");
      TimeUnit.SECONDS.sleep(1);
      send("PIPE", process.pid()).destroy();
      Path without = directory.resolve("without.jfr");
      process.tell("stop", "without", without);
      assertThat(Recorded.in(without).named(Recorded.SIGNAL))
          .extracting(signal -> signal.getString("name"))
          .containsExactly("SIGPIPE");

      process.tell(
          "start",
          "with",
          "jdk.ExecutionSample#enabled=true",
          "jdk.ExecutionSample#period=10ms",
          "kernel.Signal#own=true");
      TimeUnit.SECONDS.sleep(2);
      Path with = directory.resolve("with.jfr");
      process.tell("stop", "with", with);
      assertThat(Recorded.in(with).named(Recorded.SIGNAL))
          .isNotEmpty()
          .allMatch(signal ->
              signal.getInt("senderPid") == process.pid() || signal.getInt("senderPid") == -1);
    }
  }
}
