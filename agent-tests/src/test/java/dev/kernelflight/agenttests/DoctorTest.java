package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Exits;
import dev.kernelflight.agenttests.apps.Hello;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code doctor}: its verdict against what then happens, and the forms that it has. */
@Tag("kernel")
class DoctorTest {
  private static final Path SYSCTL = Path.of("/proc/sys/kernel");

  @TempDir Path directory;
  private final Map<String, String> settingsBefore = new TreeMap<>();

  /**
   * What a process is allowed.
   *
   * @param under the command that takes the rest away
   * @param settings of the machine: only in a guest
   * @param seenFromOutside whether /proc tells of it
   */
  record Privileges(
      String name, List<String> under, Map<String, String> settings, boolean seenFromOutside) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Privileges seen(String name, List<String> under) {
    return new Privileges(name, under, Map.of(), true);
  }

  private static Privileges unseen(String name, List<String> under) {
    return new Privileges(name, under, Map.of(), false);
  }

  private static Privileges withSettings(
      String bpfDisabled, String paranoid, List<String> under, String... capabilities) {
    return new Privileges(
        String.join("+", capabilities)
            + " unprivileged_bpf_disabled="
            + bpfDisabled
            + " perf_event_paranoid="
            + paranoid,
        under,
        Map.of("unprivileged_bpf_disabled", bpfDisabled, "perf_event_paranoid", paranoid),
        false);
  }

  private static List<String> join(List<String> outer, List<String> inner) {
    return Stream.concat(outer.stream(), inner.stream()).toList();
  }

  private static List<String> memoryLock(String limit, List<String> inner) {
    return join(List.of("prlimit", "--memlock=" + limit), inner);
  }

  /** Guests have old kernels, too; elsewhere not even root may be allowed to raise the limit. */
  private static List<String> enoughMemory(List<String> inner) {
    return KernelTracing.isGuest() ? memoryLock("unlimited", inner) : inner;
  }

  private static List<String> seccomp(String call, int errno) {
    return AgentProcess.restricted(List.of("seccomp", call, String.valueOf(errno)));
  }

  static Stream<Privileges> withoutACall() {
    return Stream.of(
        unseen("seccomp: bpf EPERM", seccomp("bpf", 1)),
        unseen("seccomp: bpf ENOSYS", seccomp("bpf", 38)),
        unseen("seccomp: perf_event_open EPERM", seccomp("perf_event_open", 1)),
        unseen("seccomp: perf_event_open ENOSYS", seccomp("perf_event_open", 38)),
        unseen("seccomp: process_vm_readv EPERM", seccomp("process_vm_readv", 1)));
  }

  static Stream<Privileges> privileges() {
    List<String> both = enoughMemory(user("bpf", "perfmon"));
    return Stream.of(
        seen("as it is", List.of()),
        seen("bpf and perfmon", both),
        seen("bpf", enoughMemory(user("bpf"))),
        seen("perfmon", enoughMemory(user("perfmon"))),
        seen("sys_admin", enoughMemory(user("sys_admin"))),
        seen("none", user()),
        seen("PID namespace", List.of("unshare", "--pid", "--fork", "--mount-proc")),
        unseen("user namespace", List.of("unshare", "--user", "--map-root-user")),
        unseen("little locked memory", memoryLock("65536:65536", user("bpf", "perfmon"))),
        withSettings("0", "-1", user(), "none"),
        withSettings(
            "2",
            "2",
            memoryLock("65536:65536", user("bpf", "perfmon", "sys_resource")),
            "bpf",
            "perfmon",
            "sys_resource, little locked memory"),
        withSettings("2", "3", both, "bpf", "perfmon"),
        withSettings("2", "3", enoughMemory(user("sys_admin")), "sys_admin"));
  }

  @BeforeEach
  void readable() throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  @AfterEach
  void restore() throws IOException {
    for (Map.Entry<String, String> setting : settingsBefore.entrySet()) {
      Files.writeString(SYSCTL.resolve(setting.getKey()), setting.getValue());
    }
  }

  private void apply(Privileges privileges) throws IOException {
    if (!privileges.under.isEmpty()) {
      assumeTrue(new File("/proc/1/mem").canWrite(), "only root can give up privileges");
    }
    if (!privileges.settings.isEmpty() && !KernelTracing.isGuest()) {
      abort("it changes the machine's settings: only in a guest");
    }
    for (Map.Entry<String, String> setting : privileges.settings.entrySet()) {
      Path file = SYSCTL.resolve(setting.getKey());
      settingsBefore.put(setting.getKey(), Files.readString(file).strip());
      Files.writeString(file, setting.getValue());
    }
  }

  private static List<JsonObject> lines(Finished finished) {
    List<JsonObject> objects = new ArrayList<>();
    for (String line : finished.out().lines().toList()) {
      try {
        objects.add(JsonParser.object().from(line));
      } catch (JsonParserException e) {
        throw new AssertionError(line, e);
      }
    }
    return objects;
  }

  private static JsonObject verdict(Finished finished) {
    List<JsonObject> lines = lines(finished);
    assertThat(lines).as(finished.err()).isNotEmpty();
    JsonObject verdict = lines.get(lines.size() - 1);
    assertThat(verdict.getBoolean("works")).isEqualTo(finished.exitCode() == 0);
    System.out.println(
        "KERNELFLIGHT doctor=" + verdict.getBoolean("works") + " " + verdict.get("events"));
    return verdict;
  }

  @ParameterizedTest
  @Tag("privileges")
  @MethodSource("privileges")
  void saysWhatThenHappens(Privileges privileges) throws IOException {
    apply(privileges);
    Finished doctor = AgentProcess.command("doctor", "--json").under(privileges.under).run();
    assertThat(doctor.err()).isEmpty();
    JsonObject verdict = verdict(doctor);
    if (verdict.getBoolean("works")) {
      Path opened = Files.writeString(directory.resolve("opened"), "x");
      Path file = directory.resolve("recording.jfr");
      Finished finished =
          AgentProcess.of(Exits.class, "return", opened)
              .under(privileges.under)
              .recordingTo(file, ",+kernel.CpuSample#enabled=true")
              .run();
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      assertThat(finished.messages()).as(finished.err()).isLessThanOrEqualTo(1);
      Recorded recorded = Recorded.in(file);
      assertThat(recorded.opensOf(opened)).hasSize(1);
      assertThat(recorded.named(Recorded.STATISTICS).isEmpty())
          .isNotEqualTo(verdict.getArray("events").contains(Recorded.STATISTICS));
      assertThat(recorded.named(Recorded.PROBE))
          .filteredOn(probe -> Recorded.CPU_SAMPLE.equals(probe.getString("event")))
          .isNotEmpty()
          .allSatisfy(probe ->
              assertThat(probe.getString("hook").equals("perf event"))
                  .isEqualTo(verdict.getArray("events").contains(Recorded.CPU_SAMPLE)));
    } else {
      for (String options : List.of("", "buffer=ring,")) {
        Finished refused =
            AgentProcess.of(Hello.class, "never")
                .agent(options + "required=true")
                .under(privileges.under)
                .run();
        assertThat(refused.exitCode()).as(options + refused.err()).isEqualTo(1);
        assertThat(refused.out()).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @Tag("portable")
  @MethodSource("withoutACall")
  void saysWhatThenHappensWithoutACall(Privileges privileges) throws IOException {
    saysWhatThenHappens(privileges);
  }

  static Stream<Privileges> privilegesSeenFromOutside() {
    return privileges().filter(Privileges::seenFromOutside);
  }

  @ParameterizedTest
  @Tag("portable")
  @MethodSource("privilegesSeenFromOutside")
  void saysWhatThenHappensInAnotherJvm(Privileges privileges) throws IOException {
    apply(privileges);
    try (Running jvm =
        AgentProcess.of(Conductor.class).withoutAgent().under(privileges.under).start()) {
      jvm.tell("open", "/dev/null");
      Finished doctor = AgentProcess.command("doctor", "--json", "--pid", jvm.pid()).run();
      assertThat(doctor.err()).isEmpty();
      JsonObject verdict = verdict(doctor);
      Finished attach = AgentProcess.command("attach", jvm.pid()).run();
      assertThat(attach.exitCode() == 0).as(attach.err()).isEqualTo(verdict.getBoolean("works"));
      jvm.tell("open", "/dev/null");
    }
  }

  private Map<String, JsonObject> checks(Finished finished) {
    Map<String, JsonObject> checks = new TreeMap<>();
    for (JsonObject line : lines(finished)) {
      if (line.has("check")) {
        checks.put(line.getString("check"), line);
      }
    }
    return checks;
  }

  private static JsonObject check(Map<String, JsonObject> checks, String name) {
    return requireNonNull(checks.get(name), name);
  }

  @Test
  @Tag("jar")
  @Tag("portable")
  void looksAtAllThatTracingNeeds() {
    KernelTracing.require();
    Finished finished = AgentProcess.command("doctor", "--json").run();
    Map<String, JsonObject> checks = checks(finished);
    assertThat(checks.keySet())
        .containsExactlyInAnyOrder(
            "java",
            "jfr",
            "native-access",
            "capabilities",
            "seccomp",
            "pid-namespace",
            "memlock",
            "kernel",
            "lockdown",
            "perf_event_paranoid",
            "unprivileged_bpf_disabled",
            "bpf",
            "btf",
            "perf-buffer",
            "ring-buffer",
            "fentry",
            "kprobe",
            "tracepoint",
            "file-opens",
            "system-calls",
            "system-call-statistics",
            "signals",
            "cpu-samples",
            "java-threads");
    assertThat(checks.values())
        .allSatisfy(check -> {
          assertThat(check.getString("status")).isIn("ok", "warn", "fail");
          assertThat(check.getString("finding")).isNotBlank();
        });
    for (String hook : List.of("fentry", "kprobe", "tracepoint")) {
      assertThat(check(checks, hook).getString("status").equals("ok"))
          .as(hook)
          .isEqualTo(KernelTracing.allows("attach=" + hook));
    }
    assertThat(verdict(finished).getString("command"))
        .startsWith("java -javaagent:" + AgentProcess.agentJar())
        .contains("--enable-native-access=ALL-UNNAMED");
  }

  @Test
  @Tag("portable")
  void isForPeopleToRead() {
    KernelTracing.require();
    Finished finished = AgentProcess.command("doctor", "--container").run();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out())
        .containsPattern("(?m)^ok    file-opens +seen by ")
        .contains(
            "Will work: kernel.FileOpen, kernel.Syscall, kernel.SyscallStatistics, kernel.Signal,"
                + " kernel.CpuSample; opens by",
            "Use: java -javaagent:" + AgentProcess.agentJar(),
            "docker run --cap-add BPF --cap-add PERFMON",
            "add: [\"BPF\", \"PERFMON\"]",
            "allow bpf, perf_event_open and process_vm_readv");
    assertThat(finished.err()).isEmpty();
  }

  @ParameterizedTest
  @Tag("portable")
  @ValueSource(strings = {"Mac OS X", "Windows 11"})
  void saysThatOtherSystemsAreNone(String system) {
    Finished finished = AgentProcess.command("doctor").jvm("-Dos.name=" + system).run();
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.out())
        .contains("eBPF needs Linux", "this is " + system, "Kernel events will not work here.");
    assertThat(finished.err()).isEmpty();
  }

  @Test
  @Tag("portable")
  void saysWhatAnotherJvmDenies() {
    assumeTrue(Runtime.version().feature() >= 24, "this JVM cannot deny native access");
    try (Running jvm =
        AgentProcess.of(Conductor.class)
            .withoutAgent()
            .withoutNativeAccess()
            .jvm("--illegal-native-access=deny", "-XX:-EnableDynamicAgentLoading")
            .start()) {
      jvm.tell("open", "/dev/null");
      Finished finished = AgentProcess.command("doctor", "--json", "--pid", jvm.pid()).run();
      assertThat(finished.exitCode()).isEqualTo(1);
      Map<String, JsonObject> checks = checks(finished);
      assertThat(check(checks, "native-access").getString("status")).isEqualTo("fail");
      assertThat(check(checks, "loading").getString("finding"))
          .isEqualTo("it was started with -XX:-EnableDynamicAgentLoading");
      assertThat(check(checks, "java").getString("finding"))
          .isEqualTo("Java " + System.getProperty("java.version"));
    }
  }

  @Test
  @Tag("jar")
  @Tag("portable")
  void seesAnAgentThatIsThereAlready() {
    KernelTracing.require();
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("open", "/dev/null");
      Finished finished = AgentProcess.command("doctor", "--json", "--pid", jvm.pid()).run();
      assertThat(finished.exitCode()).isZero();
      assertThat(check(checks(finished), "loading").getString("finding"))
          .isEqualTo("has -javaagent:" + AgentProcess.agentJar());
    }
  }

  @Test
  @Tag("portable")
  void refusesWhatIsNoJvm() {
    assertThat(AgentProcess.command("doctor", "--pid", 99999999).run())
        .isEqualTo(
            new Finished(
                1, "", "there is no process 99999999; jcmd -l lists the JVMs of this user\n"));
    assertThat(AgentProcess.command("doctor", "--pid", -1).run().err())
        .isEqualTo("a process id is a positive number, and not -1\n");
    Finished word = AgentProcess.command("doctor", "--pid", "java").run();
    assertThat(word.exitCode()).isEqualTo(2);
    assertThat(word.err()).contains("'java'", "doctor --help");
    assertThat(AgentProcess.command("doctor", "--colour").run().exitCode()).isEqualTo(2);
    assertThat(AgentProcess.command("doctor", "--help").run())
        .satisfies(help -> {
          assertThat(help.exitCode()).isZero();
          assertThat(help.out()).contains("--pid", "--json", "Exit codes:");
        });
  }
}
