package dev.kernelflight.agenttests;

import static dev.kernelflight.agenttests.AgentProcess.user;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.RefusalTest.Row;
import dev.kernelflight.agenttests.apps.Hello;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A security module that refuses what the capabilities allow: the kernel's module "bpf" with a rule
 * of this test. The agent and doctor both name it.
 */
@Tag("kernel")
@Tag("privileges")
class SecurityModuleTest {
  private static final String CAP_PERFMON = "38";
  private static final String CAP_BPF = "39";

  static Stream<Row> rows() {
    return Stream.of(
        refuses("bpf", "", "refuses bpf(2) to this process"),
        refuses("perf_event_open", "buffer=perf,", "refuses perf_event_open(2) to this process"),
        refuses(CAP_BPF, "", "refuses CAP_BPF to this process"),
        refuses(CAP_PERFMON, "", "refuses CAP_PERFMON to this process"));
  }

  private static Row refuses(String what, String options, String said) {
    List<String> under = new ArrayList<>(under(what));
    under.addAll(List.of("prlimit", "--memlock=" + RefusalTest.lockedMemory()));
    under.addAll(user("bpf", "perfmon"));
    return new Row(
        said,
        under,
        options,
        "a Linux security module",
        List.of(said, "allow it in the policy"),
        true);
  }

  private static List<String> under(String what) {
    return AgentProcess.restricted(List.of("lsm", what));
  }

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
    assumeTrue(System.getProperty("user.name", "").equals("root"), "only root can make a rule");
    List<String> root = under("bpf");
    assumeTrue(
        AgentProcess.of(Hello.class).withoutAgent().under(root).run().exitCode() == 0,
        "this kernel has no security module \"bpf\", or was not booted with it");
  }

  @ParameterizedTest
  @MethodSource("rows")
  void theAgentNamesIt(Row row) {
    RefusalTest.assertTheAgentNamesTheCause(row);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void doctorNamesIt(Row row) {
    RefusalTest.assertDoctorNamesTheCause(row);
  }
}
