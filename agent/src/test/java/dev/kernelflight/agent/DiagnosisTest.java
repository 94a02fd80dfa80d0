package dev.kernelflight.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agent.Diagnosis.Restrictions;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What went wrong, and what somebody can do about it. */
class DiagnosisTest {
  private static final int EPERM = 1;
  private static final int EINVAL = 22;
  private static final int ENOSYS = 38;

  private static String text(Throwable failure) {
    String text = Diagnosis.of(failure).text(false);
    assertThat(text)
        .contains("system: " + System.getProperty("os.name"))
        .contains(System.getProperty("os.version"))
        .contains("Java " + System.getProperty("java.version"))
        .contains("what to do: ")
        .endsWith("The application runs on without kernel events.");
    assertThat(text.substring(text.indexOf("what to do: ") + 12)).doesNotStartWith("\n");
    return text;
  }

  @Test
  void aBadOption() {
    assertThat(text(new AgentOptions.BadOptionException("there is no option \"x\"")))
        .startsWith("there is no option \"x\"\n")
        .contains("-javaagent:ebpf-agent.jar")
        .contains(AgentOptions.KNOWN);
  }

  @Test
  void aCallThatTheKernelRefused() {
    assertThat(text(new KernelException("bpf(BPF_MAP_CREATE events)", EINVAL)))
        .startsWith("bpf(BPF_MAP_CREATE events): EINVAL")
        .contains("Linux 5.10 or newer");
    assertThat(text(new KernelException("bpf(BPF_MAP_CREATE events)", EPERM)))
        .startsWith("bpf(BPF_MAP_CREATE events): EPERM");
    assertThat(text(new KernelException("bpf(BPF_MAP_CREATE events)", ENOSYS)))
        .startsWith("bpf(BPF_MAP_CREATE events): ENOSYS")
        .contains("CONFIG_BPF_SYSCALL");
  }

  @Test
  void noHook() {
    Hook fentry = new Hook(HookKind.FENTRY, "do_sys_openat2", List.of());
    Hook kprobe = new Hook(HookKind.KPROBE, "do_sys_openat2", List.of());
    NoHookException failure =
        new NoHookException(
            "file opens",
            List.of(
                new Refusal(fentry, "the kernel was built without BTF", false),
                new Refusal(kprobe, "perf_event_open(kprobe): EPERM", true)));
    assertThat(text(failure))
        .startsWith(
            """
            no hook for file opens could be had. Tried:
              fentry do_sys_openat2: the kernel was built without BTF
              kprobe do_sys_openat2: perf_event_open(kprobe): EPERM
            """);
  }

  @Test
  void noHookOfTheKindThatWasAskedFor() {
    Hook fentry = new Hook(HookKind.FENTRY, "do_sys_openat2", List.of());
    Refusal refusal = new Refusal(fentry, "bpf(BPF_PROG_LOAD): EPERM", true);
    assertThat(text(new NoHookException("file opens", List.of(refusal))))
        .contains("attach=auto tries the other kinds of hooks")
        .doesNotContain("RLIMIT_MEMLOCK");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "0; this process lacks CAP_BPF and CAP_PERFMON:",
        "4000000000; this process lacks CAP_BPF:",
        "8000000000; this process lacks CAP_PERFMON:",
      })
  void missingCapabilities(String effective, String advice) {
    Restrictions restrictions = new Restrictions(effective, "0", "", "unlimited", "2");
    assertThat(restrictions.advice(true, false)).startsWith(advice).contains("--cap-add BPF");
    assertThat(restrictions.advice(false, false)).doesNotContain("lacks");
  }

  @ParameterizedTest
  @ValueSource(strings = {"200000", "c000000000", "1ffffffffff", "", "nonsense"})
  void noCapabilityIsMissingOrItCannotBeKnown(String effective) {
    Restrictions restrictions =
        new Restrictions(effective, "0", "[none] integrity", "unlimited", "2");
    assertThat(restrictions.advice(true, false)).startsWith("see docs/permissions.md");
  }

  @Test
  void littleLockedMemory() {
    assertThat(new Restrictions("c000000000", "0", "", "65536", "2").advice(true, false))
        .contains("64 kB (RLIMIT_MEMLOCK)")
        .contains("ulimit -l unlimited");
    assertThat(new Restrictions("c000000000", "0", "", "65536", "2").advice(false, false))
        .as("no permission was refused")
        .doesNotContain("RLIMIT_MEMLOCK");
    assertThat(new Restrictions("c001000000", "0", "", "65536", "2").advice(true, false))
        .as("CAP_SYS_RESOURCE lifts the limit")
        .doesNotContain("RLIMIT_MEMLOCK");
    assertThat(new Restrictions("8000000000", "0", "", "65536", "2").advice(true, false))
        .as("a capability is missing")
        .doesNotContain("RLIMIT_MEMLOCK");
    assertThat(new Restrictions("c000000000", "0", "", "", "2").advice(true, false))
        .as("a system that does not say")
        .doesNotContain("RLIMIT_MEMLOCK");
  }

  @Test
  void aParanoidKernel() {
    assertThat(new Restrictions("c000000000", "0", "", "unlimited", "3").advice(true, false))
        .startsWith("kernel.perf_event_paranoid is 3,");
    for (Restrictions harmless :
        new Restrictions[] {
          new Restrictions("c000000000", "0", "", "unlimited", "2"),
          new Restrictions("c000200000", "0", "", "unlimited", "3"),
          new Restrictions("0", "0", "", "unlimited", "3"),
          new Restrictions("c000000000", "0", "", "unlimited", "")
        }) {
      assertThat(harmless.advice(true, false)).doesNotContain("paranoid");
    }
  }

  @Test
  void aSeccompFilter() {
    assertThat(new Restrictions("1ffffffffff", "2", "", "unlimited", "2").advice(true, false))
        .contains("seccomp");
    assertThat(new Restrictions("1ffffffffff", "2", "", "unlimited", "2").advice(false, true))
        .contains("seccomp")
        .contains("CONFIG_BPF_SYSCALL");
    assertThat(new Restrictions("1ffffffffff", "2", "", "unlimited", "2").advice(false, false))
        .doesNotContain("seccomp");
    assertThat(new Restrictions("1ffffffffff", "0", "", "unlimited", "2").advice(true, true))
        .doesNotContain("seccomp");
    assertThat(new Restrictions("", "", "", "unlimited", "2").advice(true, true))
        .as("a system that does not say")
        .doesNotContain("seccomp");
  }

  @Test
  void lockdown() {
    assertThat(
            new Restrictions("0", "0", "none integrity [confidentiality]", "unlimited", "2")
                .advice(true, false))
        .contains("lockdown=integrity")
        .contains("CAP_BPF");
    assertThat(
            new Restrictions("0", "0", "none [integrity] confidentiality", "unlimited", "2")
                .advice(true, false))
        .doesNotContain("lockdown");
  }

  @Test
  void theRestrictionsOfThisProcess() {
    Restrictions current = Restrictions.current();
    assertThat(current.capabilities()).matches("[0-9a-f]{16}");
    assertThat(current.seccomp()).matches("[0-2]");
  }

  @Test
  void anotherSystem() {
    String system = System.getProperty("os.name");
    System.setProperty("os.name", "Plan 9");
    try {
      Architecture.current();
      throw new AssertionError("Plan 9 is no Linux");
    } catch (UnsupportedOperationException e) {
      // it comes out of a static initializer
      assertThat(text(new ExceptionInInitializerError(e)))
          .contains("Linux on x86_64 or aarch64")
          .contains("Plan 9")
          .contains("without the agent");
    } finally {
      System.setProperty("os.name", system);
    }
  }

  @Test
  void nativeAccessDenied() {
    assertThat(text(new ExceptionInInitializerError(new IllegalCallerException("Illegal"))))
        .contains("denies native access: Illegal")
        .contains("--enable-native-access=ALL-UNNAMED")
        .contains("JDK_JAVA_OPTIONS");
  }

  @Test
  void aRuntimeWithoutFlightRecorder() {
    assertThat(text(new NoClassDefFoundError("jdk/jfr/FlightRecorderListener")))
        .contains("no JDK Flight Recorder")
        .contains("jdk.jfr");
  }

  @Test
  void whateverElse() {
    assertThat(text(new NoClassDefFoundError("com/example/X")))
        .contains("com/example/X")
        .contains("please report");
    assertThat(text(new IOException("the jar is damaged")))
        .contains("the jar is damaged")
        .contains("please report");
  }

  @Test
  void theCauseTellsMoreThanItsWrapping() {
    assertThat(text(new RuntimeException("outer", new KernelException("mmap", ENOSYS))))
        .startsWith("mmap: ENOSYS");
  }

  @Test
  void whatBecomesOfTheApplication() {
    Diagnosis diagnosis = new Diagnosis("problem", "advice");
    assertThat(diagnosis.text(true))
        .endsWith("does not start, because required=true was asked for.");
    assertThat(diagnosis.text(false)).endsWith("runs on without kernel events.");
    assertThat(diagnosis.text(true)).startsWith("problem\n").contains("what to do: advice\n");
  }
}
