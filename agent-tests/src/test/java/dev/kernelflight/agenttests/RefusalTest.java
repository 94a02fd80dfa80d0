package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.Hello;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the kernel may refuse, each produced for real: the agent and doctor both name the cause, and
 * no other.
 */
@Tag("kernel")
class RefusalTest {
  private static final List<String> CAUSES =
      List.of(
          "a seccomp filter refuses",
          "this process lacks",
          "in a user namespace",
          "RLIMIT_MEMLOCK",
          "RLIMIT_NOFILE",
          "a Linux security module",
          "is not mounted",
          "is built without",
          "perf_event_paranoid is",
          "please report");

  private static final String NO_SYS = "mount -t tmpfs tmpfs /sys && exec \"$@\"";
  private static final String NO_PROC = "umount -l /proc && exec \"$@\"";

  /**
   * A refusal.
   *
   * @param under the command that brings it about
   * @param options of the agent
   * @param cause in the words of {@link #CAUSES}
   * @param said what else the advice holds
   * @param doctor whether doctor meets it as well
   */
  record Row(
      String name,
      List<String> under,
      String options,
      String cause,
      List<String> said,
      boolean doctor) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Row row(String name, List<String> under, String cause, String... said) {
    return new Row(name, under, "", cause, List.of(said), true);
  }

  private static Row filtered(String call, int errno, String options) {
    return new Row(
        call + " answers " + errno,
        AgentProcess.restricted(List.of("seccomp", call, String.valueOf(errno))),
        options,
        "a seccomp filter refuses",
        List.of(call + "(2)", "seccomp profile", "SystemCallFilter"),
        true);
  }

  private static List<String> inMountNamespace(String script) {
    return List.of("unshare", "--mount", "sh", "-c", script, "sh");
  }

  private static List<String> under(String command, List<String> inner) {
    List<String> all = new ArrayList<>(List.of(command.split(" ", -1)));
    all.addAll(inner);
    return all;
  }

  static Stream<Row> rows() {
    String enough = lockedMemory();
    return Stream.of(
        filtered("bpf", 1, ""),
        filtered("bpf", 13, ""),
        filtered("bpf", 38, ""),
        filtered("perf_event_open", 1, "buffer=perf,"),
        filtered("perf_event_open", 13, "buffer=perf,"),
        filtered("perf_event_open", 38, "buffer=perf,"),
        row(
            "user namespace",
            List.of("unshare", "--user", "--map-root-user"),
            "in a user namespace",
            "not rootless"),
        row("no CAP_BPF", user("perfmon"), "this process lacks", "lacks CAP_BPF:", "run as root"),
        row(
            "no CAP_PERFMON",
            under("prlimit --memlock=" + enough, user("bpf")),
            "this process lacks",
            "lacks CAP_PERFMON:"),
        row("neither", user(), "this process lacks", "lacks CAP_BPF and CAP_PERFMON:"),
        row("no /sys", inMountNamespace(NO_SYS), "is not mounted", "mount -t sysfs"),
        new Row(
            "no /proc",
            under(
                "env LD_LIBRARY_PATH=" + System.getProperty("java.home") + "/lib",
                inMountNamespace(NO_PROC)),
            "",
            "is not mounted",
            List.of("mount -t proc"),
            false),
        new Row(
            "few open files",
            List.of("prlimit", "--nofile=" + FEW_FILES),
            "",
            "RLIMIT_NOFILE",
            List.of(FEW_FILES.substring(0, 2), "ulimit -n"),
            false),
        new Row(
            "little locked memory, perf buffers that want more",
            under("prlimit --memlock=" + enough, user("bpf", "perfmon")),
            "buffer=perf,pages=65536,",
            KernelTracing.chargesControlGroups() ? "" : "RLIMIT_MEMLOCK",
            List.of(),
            false));
  }

  /** What is enough for the agent, as prlimit takes it, and little where little is enough. */
  static String lockedMemory() {
    return KernelTracing.chargesControlGroups() ? "65536:65536" : "unlimited";
  }

  /** More than a JVM needs to start, and less than the agent needs. */
  private static final String FEW_FILES = "24:24";

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
    assumeTrue(new File("/proc/1/mem").canWrite() || isRoot(), "only root can give up privileges");
  }

  private static boolean isRoot() {
    return System.getProperty("user.name", "").equals("root");
  }

  private static void assertNames(Row row, String text) {
    assertThat(text).contains(row.cause).contains(row.said).doesNotContain("\tat ");
    assertThat(CAUSES)
        .filteredOn(cause -> !cause.equals(row.cause))
        .allSatisfy(cause -> assertThat(text).doesNotContain(cause));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void theAgentNamesTheCauseAndNoOther(Row row) {
    assertTheAgentNamesTheCause(row);
  }

  static void assertTheAgentNamesTheCause(Row row) {
    Finished finished =
        AgentProcess.of(Hello.class, "never")
            .agent(row.options + "required=true")
            .under(row.under)
            .run();
    if (row.cause.isEmpty()) {
      assertThat(finished.exitCode()).as(finished.err()).isZero();
      return;
    }
    assertThat(finished.exitCode()).as(finished.err()).isEqualTo(1);
    assertNames(row, finished.err().substring(finished.err().indexOf("what to do: ")));
  }

  static Stream<Row> rowsOfDoctor() {
    return rows().filter(Row::doctor);
  }

  @ParameterizedTest
  @MethodSource("rowsOfDoctor")
  void doctorSaysTheSame(Row row) {
    assertDoctorNamesTheCause(row);
  }

  static void assertDoctorNamesTheCause(Row row) {
    Finished finished = AgentProcess.command("doctor").under(row.under).run();
    assertThat(finished.err()).isEmpty();
    String advice =
        String.join("\n", finished.out().lines().filter(line -> line.contains("-> ")).toList());
    assertNames(row, advice);
  }
}
