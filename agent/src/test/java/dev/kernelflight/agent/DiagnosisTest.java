package dev.kernelflight.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What went wrong, and what somebody can do about it. */
class DiagnosisTest {
  private static final int EPERM = 1;
  private static final int EBADF = 9;
  private static final int ENOMEM = 12;
  private static final int EINVAL = 22;
  private static final int EMFILE = 24;
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
        .startsWith("bpf(BPF_MAP_CREATE events): ENOSYS");
    assertThat(text(new KernelException("epoll_create1", EMFILE)))
        .contains("RLIMIT_NOFILE", "ulimit -n");
  }

  @Test
  void onlyTheAgentsOwnFaultsAreToBeReported() {
    assertThat(text(new KernelException("bpf(BPF_MAP_UPDATE_ELEM x)", EBADF)))
        .contains("please report this");
    for (int errno : new int[] {EPERM, EINVAL, EMFILE, ENOMEM, ENOSYS}) {
      assertThat(text(new KernelException("bpf(BPF_MAP_CREATE events)", errno)))
          .doesNotContain("please report");
    }
    assertThat(text(new NoSuchFileException("/sys/devices/system/cpu/possible")))
        .startsWith("cannot read /sys/devices/system/cpu/possible: no such file")
        .doesNotContain("please report");
    assertThat(text(new OutOfMemoryError("Java heap space"))).contains("-Xmx");
    assertThat(text(new OutOfMemoryError("unable to create native thread"))).contains("ulimit -u");
  }

  @Test
  void whatWasTriedInsteadIsToldToo() {
    KernelException perf = new KernelException("mmap(perf buffer)", EPERM);
    perf.addSuppressed(new KernelException("bpf(BPF_MAP_CREATE events)", EINVAL));
    assertThat(text(perf))
        .startsWith(
            "mmap(perf buffer): EPERM (over the limit of locked memory)\n"
                + "  bpf(BPF_MAP_CREATE events): EINVAL");
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

  /** Seen in an emulated machine with a load of 17. */
  @Test
  void theMachineIsTooBusy() {
    String said = "the agent's thread did not run within 10 s";
    assertThat(text(new IOException(said, new TimeoutException())))
        .startsWith(said)
        .contains("more of the CPUs")
        .doesNotContain("please report");
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
