package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.Exits;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What container engines make of few system calls: namespaces of PIDs, mounts and more, /sys for
 * reading only, root with few capabilities, and limits of memory. Only in a guest.
 */
@Tag("vm")
@Tag("privileges")
@EnabledIfEnvironmentVariable(named = "KERNELFLIGHT_GUEST", matches = "yes")
class ContainerTest {
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
  private static final Path CGROUP = CGROUPS.resolve("container");
  private static final Path PARANOID = Path.of("/proc/sys/kernel/perf_event_paranoid");
  private static final long MEMORY_BYTES = 160 << 20;

  @TempDir Path directory;
  private String paranoid = "";

  @BeforeEach
  void controlGroup() throws IOException {
    paranoid = Files.readString(PARANOID).strip();
    Files.writeString(PARANOID, "2");
    Files.writeString(CGROUPS.resolve("cgroup.subtree_control"), "+memory +pids");
    Files.createDirectory(CGROUP);
    Files.writeString(CGROUP.resolve("memory.max"), String.valueOf(MEMORY_BYTES));
    Files.writeString(CGROUP.resolve("pids.max"), "200");
  }

  @AfterEach
  void restore() throws Exception {
    Files.writeString(PARANOID, paranoid);
    for (int tries = 0; Files.exists(CGROUP); tries++) {
      try {
        Files.delete(CGROUP);
      } catch (FileSystemException e) {
        // its processes are still on their way out
        if (tries == 500) {
          throw e;
        }
        Thread.sleep(20);
      }
    }
  }

  private static List<String> shell(String script) {
    return List.of("sh", "-c", script + " && exec \"$@\"", "sh");
  }

  private static List<String> container() {
    List<String> command = new ArrayList<>(shell("echo $$ > " + CGROUP + "/cgroup.procs"));
    command.addAll(
        List.of(
            "unshare",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount",
            "--mount-proc",
            "--ipc",
            "--uts",
            "--cgroup"));
    command.addAll(shell("hostname container && mount -o remount,bind,ro /sys"));
    command.addAll(
        List.of(
            "prlimit",
            "--memlock=" + (KernelTracing.chargesControlGroups() ? "65536" : "unlimited")));
    command.addAll(
        List.of(
            "setpriv",
            "--no-new-privs",
            "--inh-caps=-all",
            "--bounding-set=-all,+chown,+dac_override,+fowner,+kill,+setgid,+setuid,+bpf,+perfmon"));
    return command;
  }

  /**
   * However little memory there is: the application ends as it would have, what it opened is
   * recorded, and buffers that had to shrink are told of.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "''; 1024; locked",
        "buffer=ring; 1024; none",
        "attach=tracepoint; 1024; locked",
        "buffer=ring,pages=16384; 16384; group",
        "pages=16384; 16384; locked"
      })
  void worksInWhatThereIs(String options, int pages, String limit) throws IOException {
    Path opened = Files.writeString(directory.resolve("opened"), "x");
    Path file = directory.resolve("recording.jfr");
    Finished finished =
        AgentProcess.of(Exits.class, "return", opened)
            .agent(options)
            .under(container())
            .recordingTo(file)
            .run();
    assertThat(finished).isEqualTo(new Finished(0, "started\n", ""));
    assertThat(CGROUP.resolve("memory.events")).content().contains("oom_kill 0");
    Recorded recorded = Recorded.in(file);
    assertThat(recorded.opensOf(opened))
        .singleElement()
        .satisfies(open -> assertThat(open.getThread()).isNotNull());
    assertThat(recorded.named(Recorded.PROBE))
        .extracting((RecordedEvent probe) -> probe.getString("buffer"))
        .isNotEmpty()
        .allSatisfy(buffer -> {
          if (limit.equals("none") || !KernelTracing.chargesControlGroups()) {
            assertThat(buffer).doesNotContain("could not be had");
          } else {
            // the ring buffer is one for all CPUs
            int wanted =
                options.contains("ring")
                    ? pages * Runtime.getRuntime().availableProcessors()
                    : pages;
            assertThat(buffer).endsWith(" (" + wanted + " pages could not be had)");
          }
          if (limit.equals("locked") && KernelTracing.chargesControlGroups()) {
            // all that may be locked, shared alike: 516 kB for each CPU
            assertThat(buffer).startsWith("perf buffers of 128 pages on ");
          }
        });
  }
}
