package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.Exits;
import dev.kernelflight.agenttests.apps.Hello;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A user without root, by what is granted. It sets the machine's settings: only in a guest. */
@Tag("vm")
@Tag("privileges")
@EnabledIfEnvironmentVariable(named = "KERNELFLIGHT_GUEST", matches = "yes")
class PrivilegesTest {
  private static final Path UNPRIVILEGED_BPF =
      Path.of("/proc/sys/kernel/unprivileged_bpf_disabled");
  private static final Path PARANOID = Path.of("/proc/sys/kernel/perf_event_paranoid");

  @TempDir Path directory;
  private String unprivilegedBpf = "";
  private String paranoid = "";

  @BeforeEach
  void settings() throws IOException {
    unprivilegedBpf = Files.readString(UNPRIVILEGED_BPF).strip();
    paranoid = Files.readString(PARANOID).strip();
    Files.writeString(PARANOID, "2");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  @AfterEach
  void restore() throws IOException {
    Files.writeString(UNPRIVILEGED_BPF, unprivilegedBpf);
    Files.writeString(PARANOID, paranoid);
  }

  private static List<String> memoryLock(String limit, List<String> command) {
    List<String> limited = new ArrayList<>(List.of("prlimit", "--memlock=" + limit));
    limited.addAll(command);
    return limited;
  }

  private void assertRecords(List<String> under, String options) throws IOException {
    Path opened = Files.writeString(directory.resolve("opened"), "x");
    Path file = directory.resolve("recording.jfr");
    Finished finished =
        AgentProcess.of(Exits.class, "return", opened)
            .agent(options)
            .under(under)
            .recordingTo(file)
            .run();
    assertThat(finished).isEqualTo(new Finished(0, "started\n", ""));
    Recorded recorded = Recorded.in(file);
    assertThat(recorded.opensOf(opened))
        .singleElement()
        .satisfies(open -> assertThat(open.getThread()).isNotNull());
    if (!options.isEmpty()) {
      assertThat(recorded.named(Recorded.PROBE))
          .filteredOn(probe -> Recorded.FILE_OPEN.equals(probe.getString("event")))
          .isNotEmpty()
          .allMatch(probe -> probe.getString("hook").equals(options.substring(7)));
    }
  }

  private static String refusal(List<String> under, String options) {
    Finished finished =
        AgentProcess.of(Hello.class, "never").agent(options + "required=true").under(under).run();
    assertThat(finished.exitCode()).as(finished.err()).isEqualTo(1);
    assertThat(finished.messages()).as(finished.err()).isEqualTo(1);
    assertThat(finished.out()).isEmpty();
    return finished.err();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "attach=fentry", "attach=kprobe", "attach=tracepoint"})
  void twoCapabilitiesAreEnough(String options) throws IOException {
    Files.writeString(UNPRIVILEGED_BPF, "2");
    assertRecords(memoryLock("unlimited", user("bpf", "perfmon")), options);
  }

  /** Some of the distribution's kernels want CAP_SYS_ADMIN then, and the agent must say it. */
  @Test
  void unlessTheKernelIsMoreParanoid() throws IOException {
    Files.writeString(PARANOID, "3");
    List<String> user = memoryLock("unlimited", user("bpf", "perfmon"));
    Finished finished = AgentProcess.of(Hello.class).agent("required=true").under(user).run();
    if (finished.exitCode() != 0) {
      assertThat(finished.err())
          .contains("EACCES", "kernel.perf_event_paranoid is 3")
          .doesNotContain("lacks");
    }
    assertRecords(memoryLock("unlimited", user("bpf", "sys_admin")), "");
  }

  /** Perf buffers want perf_event_open(2), which these kernels leave to CAP_SYS_ADMIN then. */
  @Test
  void perfBuffersOfAMoreParanoidKernel() throws IOException {
    Files.writeString(PARANOID, "3");
    List<String> user = memoryLock("unlimited", user("bpf", "perfmon"));
    Finished tried =
        AgentProcess.of(Hello.class).agent("buffer=perf,required=true").under(user).run();
    assumeTrue(tried.exitCode() != 0, "this kernel takes 3 for 2");
    String said = "kernel.perf_event_paranoid is 3";
    assertThat(refusal(user, "buffer=perf,"))
        .contains(said, "set it to 2")
        .doesNotContain("lacks", "security module", "seccomp");
    assertThat(advice(user)).contains("set it to 2").doesNotContain("run as root", "seccomp");
    assertThat(AgentProcess.command("doctor").under(user).run().out()).contains(said);
  }

  /** What doctor advises. */
  private static String advice(List<String> under) {
    Finished doctor = AgentProcess.command("doctor").under(under).run();
    assertThat(doctor.err()).isEmpty();
    return String.join("\n", doctor.out().lines().filter(line -> line.contains("-> ")).toList());
  }

  @Test
  void eitherAloneIsNot() throws IOException {
    assertThat(refusal(memoryLock("unlimited", user("bpf")), ""))
        .contains("EPERM", "this process lacks CAP_PERFMON:");
    assertThat(refusal(memoryLock("unlimited", user("perfmon")), ""))
        .contains("EPERM", "this process lacks CAP_BPF:");
  }

  @ParameterizedTest
  @CsvSource({"0, -1", "0, 2", "2, 2", "2, 3"})
  void noSettingReplacesThem(String bpfDisabled, String paranoid) throws IOException {
    Files.writeString(UNPRIVILEGED_BPF, bpfDisabled);
    Files.writeString(PARANOID, paranoid);
    List<String> user = memoryLock("unlimited", user());
    assertThat(refusal(user, "")).contains("this process lacks CAP_BPF and CAP_PERFMON:");
    assertThat(AgentProcess.command("doctor").under(user).run().out())
        .contains("this process lacks CAP_BPF and CAP_PERFMON")
        .containsPattern("unprivileged_bpf_disabled +" + bpfDisabled + ",");
    assertThat(advice(user)).contains("run as root, or grant them");
  }

  @Test
  void littleLockedMemory() throws IOException {
    List<String> little = memoryLock("65536:65536", user("bpf", "perfmon"));
    if (KernelTracing.chargesControlGroups()) {
      assertRecords(little, "");
    } else {
      assertThat(refusal(little, ""))
          .contains("EPERM", "RLIMIT_MEMLOCK", "64 kB", "ulimit -l unlimited")
          .doesNotContain("lacks");
    }
  }

  /** The limit is no matter to whoever may lift it. */
  @Test
  void littleLockedMemoryAndTheRightToMore() throws IOException {
    assertRecords(memoryLock("65536:65536", user("bpf", "perfmon", "sys_resource")), "");
  }
}
