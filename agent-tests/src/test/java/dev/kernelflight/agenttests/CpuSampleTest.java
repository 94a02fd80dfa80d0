package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kernel.CpuSample} in recordings. */
@Tag("kernel")
class CpuSampleTest {
  private static final String ENABLED = "kernel.CpuSample#enabled=true";
  private static final String OPENS_OFF = "kernel.FileOpen#enabled=false";
  private static final String SYSCALLS_OFF = "kernel.Syscall#enabled=false";
  private static final String STATISTICS_OFF = "kernel.SyscallStatistics#enabled=false";
  private static final String SIGNALS_OFF = "kernel.Signal#enabled=false";
  private static final Path MOST_SAMPLES = Path.of("/proc/sys/kernel/perf_event_max_sample_rate");
  private static final int ENOUGH_MILLIS = 3_000;

  @TempDir Path directory;

  @BeforeAll
  static void traces() {
    KernelTracing.require();
  }

  private Recorded stop(Running process, String recording) {
    Path file = directory.resolve(recording + ".jfr");
    process.tell("stop", recording, file);
    return Recorded.in(file);
  }

  private static List<RecordedEvent> of(List<RecordedEvent> samples, String thread) {
    return samples.stream()
        .filter(sample -> sample.getThread() != null)
        .filter(sample -> thread.equals(sample.getThread().getJavaName()))
        .toList();
  }

  private static long count(List<RecordedEvent> samples, String mode) {
    return samples.stream().filter(sample -> mode.equals(sample.getString("mode"))).count();
  }

  private static void sampleForAWhile() throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(ENOUGH_MILLIS);
  }

  @Test
  @Tag("jar")
  void threadsInTheirOwnCodeAndInTheKernel() throws Exception {
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      process.tell("start", "r", ENABLED, "kernel.CpuSample#frequency=199Hz");
      sampleForAWhile();
      Recorded recorded = stop(process, "r");

      List<RecordedEvent> samples = recorded.named(Recorded.CPU_SAMPLE);
      List<RecordedEvent> user = of(samples, "burn-user");
      List<RecordedEvent> kernel = of(samples, "burn-kernel");
      assertThat(user).hasSizeGreaterThan(10);
      assertThat(count(user, "user")).isGreaterThan(user.size() / 2);
      assertThat(kernel).hasSizeGreaterThan(10);
      assertThat(count(kernel, "kernel")).isGreaterThan(kernel.size() / 2);
      assertThat(samples)
          .allSatisfy(sample -> {
            boolean inKernel = sample.getString("mode").equals("kernel");
            assertThat(sample.getString("kernelFunction") != null).isEqualTo(inKernel);
            assertThat(sample.getString("kernelStack") != null).isEqualTo(inKernel);
            assertThat(sample.getInt("cpu")).isNotNegative();
            assertThat(sample.getInt("osThreadId")).isPositive();
            assertThat(sample.getThread() == null)
                .isEqualTo(sample.getString("osThreadName") != null);
          })
          .noneMatch(sample -> AgentProcess.THREAD.equals(sample.getString("osThreadName")));
      assertThat(of(samples, "Kernel Flight Recorder")).isEmpty();
      assertThat(kernel)
          .filteredOn(sample -> sample.getString("mode").equals("kernel"))
          .allSatisfy(sample ->
              assertThat(sample.getString("kernelStack"))
                  .startsWith(sample.getString("kernelFunction")))
          // getrandom(2) ends in there on every kernel
          .anyMatch(sample ->
              sample.getString("kernelStack").contains("get_random_bytes_user")
                  || sample.getString("kernelStack").contains("urandom_read")
                  || sample.getString("kernelStack").contains("getrandom"));
      assertThat(recorded.named(Recorded.PROBE))
          .filteredOn(probe -> Recorded.CPU_SAMPLE.equals(probe.getString("event")))
          .isNotEmpty()
          .allMatch(probe -> probe.getString("target").endsWith("at 199 Hz"));
      recorded.assertNothingLost();
    }
  }

  @Test
  @Tag("portable")
  void offUnlessARecordingWantsIt() throws Exception {
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      process.tell("start", "r");
      sampleForAWhile();
      assertThat(stop(process, "r").named(Recorded.CPU_SAMPLE)).isEmpty();
    }
  }

  /** One is attached; the other is what fetches the records that wait. */
  private static final int PROGRAMS = 2;

  @Test
  @Tag("portable")
  void nothingIsAttachedAfterTheLastRecording() throws Exception {
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      process.tell(
          "start", "samples", OPENS_OFF, SYSCALLS_OFF, STATISTICS_OFF, SIGNALS_OFF, ENABLED);
      assertThat(process.programs()).as("programs while samples are recorded").isEqualTo(PROGRAMS);
      sampleForAWhile();
      assertThat(stop(process, "samples").named(Recorded.CPU_SAMPLE)).isNotEmpty();
      for (int i = 0; i < 100 && process.kernelObjects() > 0; i++) {
        TimeUnit.MILLISECONDS.sleep(100);
      }
      assertThat(process.kernelObjects()).isZero();
    }
  }

  @Test
  @Tag("portable")
  void switchedOnAndOffInARunningRecording() throws Exception {
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      process.tell("start", "r", OPENS_OFF, SYSCALLS_OFF, STATISTICS_OFF, SIGNALS_OFF);
      process.tell("set", "r", ENABLED);
      process.tell("await-settings");
      assertThat(process.programs()).isEqualTo(PROGRAMS);
      process.tell("set", "r", "kernel.CpuSample#enabled=false");
      process.tell("await-settings");
      assertThat(process.programs()).isZero();
      assertThat(stop(process, "r").named(Recorded.CPU_SAMPLE)).isNotEmpty();
    }
  }

  /** The kernel lowers the limit by itself, where sampling takes too long. */
  @Test
  @Tag("portable")
  void fewerSamplesWhereTheKernelAllowsNoMore() throws Exception {
    // at once: of a sysctl that is read byte by byte there is only the first
    String before;
    try (BufferedReader setting = Files.newBufferedReader(MOST_SAMPLES)) {
      before = setting.readLine();
    }
    assumeTrue(Files.isWritable(MOST_SAMPLES), "only root may lower the kernel's limit");
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      try {
        Files.writeString(MOST_SAMPLES, "50");
        process.tell("start", "r", ENABLED);
        process.tell("open", "/numbered/1");
        sampleForAWhile();
      } finally {
        Files.writeString(MOST_SAMPLES, before);
      }
      process.tell("await-settings");
      process.tell("open", "/numbered/2");
      Recorded recorded = stop(process, "r");
      assertThat(recorded.opensOf("/numbered/1")).hasSize(1);
      assertThat(recorded.opensOf("/numbered/2")).hasSize(1);
      assertThat(recorded.named(Recorded.CPU_SAMPLE)).isNotEmpty();
      List<RecordedEvent> probes =
          recorded.named(Recorded.PROBE).stream()
              .filter(probe -> Recorded.CPU_SAMPLE.equals(probe.getString("event")))
              .toList();
      assertThat(probes)
          .extracting(probe -> probe.getString("target").replaceAll(".* at ", ""))
          .startsWith("50 Hz")
          .endsWith("99 Hz");
      assertThat(probes.getFirst().getString("refused"))
          .contains("at 99 Hz: the kernel takes at most 50 samples a second now");
      assertThat(process.end().err())
          .hasLineCount(1)
          .contains("the kernel takes at most 50 samples a second");
    }
  }

  @Test
  @Tag("portable")
  void aFrequencyThatCannotBe() throws Exception {
    try (Running process = AgentProcess.of(Conductor.class).start()) {
      process.tell("burn");
      process.tell("start", "r", ENABLED, "kernel.CpuSample#frequency=often");
      sampleForAWhile();
      assertThat(stop(process, "r").named(Recorded.CPU_SAMPLE)).isNotEmpty();
      assertThat(process.end().err())
          .contains("kernel.CpuSample#frequency=often is wrong: expected a frequency")
          .contains("Instead \"99 Hz\" is in force");
    }
  }
}
