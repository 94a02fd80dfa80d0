package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A CPU goes and comes back while tracing. Only where the machine is the test's own. */
@KernelTest
@Tag("vm")
@EnabledIfEnvironmentVariable(named = "KERNELFLIGHT_GUEST", matches = "yes")
class CpuHotplugTest {
  private static final int CPU = 1;
  private static final Path ONLINE = Path.of("/sys/devices/system/cpu/cpu" + CPU + "/online");

  private static void online(boolean online) throws IOException {
    Files.writeString(ONLINE, online ? "1" : "0");
    assertThat(Cpus.online().get(CPU)).isEqualTo(online);
  }

  @AfterEach
  void itIsBack() throws IOException {
    online(true);
  }

  private static Void openOnTheCpu(String path) {
    byte[] mask = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(1L << CPU).array();
    assertThat(RawSyscalls.call("sched_setaffinity", 0, mask.length, mask)).isZero();
    openAndClose("openat", WORKING_DIRECTORY, path, 0, 0);
    return null;
  }

  private static Void openAnywhere(String path) {
    openAndClose("openat", WORKING_DIRECTORY, path, 0, 0);
    return null;
  }

  @ParameterizedTest
  @CsvSource({"FENTRY, PERF", "KPROBE, PERF", "TRACEPOINT, PERF", "FENTRY, RING", "KPROBE, RING"})
  void eventsGoOn(HookKind kind, Buffer buffer) throws Exception {
    assertThat(ONLINE).exists();
    try (TracedProcess traced = new TracedProcess(new Options(Optional.of(kind), buffer, 16))) {
      traced.onOpener(() -> openOnTheCpu("/hotplug/before"));
      assertThat(traced.opensOf("/hotplug/before")).hasSize(1);

      online(false);
      traced.session.transport().followCpus();
      traced.onOpener(() -> openAnywhere("/hotplug/while"));
      assertThat(traced.opensOf("/hotplug/while")).hasSize(1);

      online(true);
      traced.session.transport().followCpus();
      traced.onOpener(() -> openOnTheCpu("/hotplug/after"));
      assertThat(traced.opensOf("/hotplug/after")).hasSize(1);
      assertThat(traced.total(Counters::lost)).isZero();
    }
  }

  /** The kernel takes the buffers of a CPU that goes out of use, and does not say so. */
  @ParameterizedTest
  @CsvSource({"FENTRY, PERF", "KPROBE, PERF", "KPROBE, RING"})
  void goneAndBackBetweenTwoLooks(HookKind kind, Buffer buffer) throws Exception {
    try (TracedProcess traced = new TracedProcess(new Options(Optional.of(kind), buffer, 16))) {
      for (int times = 1; times <= 3; times++) {
        online(false);
        online(true);
        traced.session.transport().followCpus();
        traced.onOpener(() -> openOnTheCpu("/hotplug/after"));
        assertThat(traced.opensOf("/hotplug/after")).hasSize(times);
      }
    }
  }

  /** What a look comes too late for is counted. */
  @ParameterizedTest
  @CsvSource({"KPROBE, PERF", "KPROBE, RING"})
  void nothingIsLostInSilence(HookKind kind, Buffer buffer) throws Exception {
    try (TracedProcess traced = new TracedProcess(new Options(Optional.of(kind), buffer, 16))) {
      online(false);
      online(true);
      traced.onOpener(() -> openOnTheCpu("/hotplug/after"));
      long seen = traced.opensOf("/hotplug/after").size();
      assertThat(seen + traced.total(Counters::lost)).isPositive();
    }
  }

  /** Held back to be sent with others, which then never come. */
  @ParameterizedTest
  @CsvSource({"KPROBE, PERF", "KPROBE, RING", "TRACEPOINT, PERF"})
  void whatACpuHeldBack(HookKind kind, Buffer buffer) throws Exception {
    try (TracedProcess traced = new TracedProcess(new Options(Optional.of(kind), buffer, 16))) {
      for (int times = 1; times <= 3; times++) {
        traced.onOpener(() -> openOnTheCpu("/hotplug/before"));
        traced.onOpener(() -> openOnTheCpu("/hotplug/before"));
        online(false);
        assertThat(traced.opensOf("/hotplug/before")).hasSize(2 * times);
        assertThat(traced.opensOf("/hotplug/before")).hasSize(2 * times);

        // and while it comes back nothing is handed over twice, nor kept from being written
        online(true);
        traced.session.transport().followCpus();
        traced.onOpener(() -> openOnTheCpu("/hotplug/after"));
        assertThat(traced.opensOf("/hotplug/after")).hasSize(times);
      }
      assertThat(traced.total(Counters::lost)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"KPROBE, PERF", "KPROBE, RING"})
  void whatACpuLeavesIsDrained(HookKind kind, Buffer buffer) throws Exception {
    try (TracedProcess traced = new TracedProcess(new Options(Optional.of(kind), buffer, 16))) {
      traced.onOpener(() -> openOnTheCpu("/hotplug/before"));
      online(false);
      traced.session.transport().followCpus();
      assertThat(traced.opensOf("/hotplug/before")).hasSize(1);
    }
  }
}
