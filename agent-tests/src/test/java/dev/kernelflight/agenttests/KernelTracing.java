package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.Hello;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether this kernel and these privileges allow tracing, as the agent itself says. Tests that need
 * it are skipped where they do not, but fail where the environment variable
 * KERNELFLIGHT_KERNEL_TESTS is "required".
 */
public final class KernelTracing {
  private static final Map<String, Finished> TRIED = new ConcurrentHashMap<>();

  private KernelTracing() {}

  /** To be called before all tests that need tracing. */
  public static void require() {
    Finished tried = tried("buffer=perf");
    if (tried.exitCode() != 0) {
      skip(tried.err());
    }
  }

  /** Whether the agent can do with these options. */
  static boolean allows(String options) {
    return tried(options).exitCode() == 0;
  }

  /** Skips the running test, or fails it where kernel tests are required. */
  static void skip(String reason) {
    if ("required".equals(System.getenv("KERNELFLIGHT_KERNEL_TESTS"))) {
      fail("kernel tests are required here, and this one cannot run: " + reason);
    }
    abort(reason);
  }

  /**
   * How often to do something that is done very often: a fifth of it in an emulated machine, which
   * is some twenty times slower.
   */
  static int times(int onRealMachines) {
    return isGuest() ? onRealMachines / 5 : onRealMachines;
  }

  /** Whether this is a virtual machine of kernel-tests/run, whose settings tests may change. */
  static boolean isGuest() {
    return "yes".equals(System.getenv("KERNELFLIGHT_GUEST"));
  }

  /** Kernels before 5.11 charge BPF maps to the limit of locked memory, and not to the group. */
  static boolean chargesControlGroups() {
    return release() >= 5_11;
  }

  /**
   * Whether the kernel may preempt a thread in an fentry program, and then skips that elsewhere.
   */
  static boolean mayPreemptFentry() {
    return release() >= 6_13;
  }

  /** The same of the programs of tracepoints. */
  static boolean mayPreemptTracepoints() {
    return release() >= 7_02;
  }

  /** 5.10 is 5_10. */
  private static int release() {
    String[] version = System.getProperty("os.version").split("\\.", 3);
    return Integer.parseInt(version[0]) * 100 + Integer.parseInt(version[1]);
  }

  private static Finished tried(String options) {
    return TRIED.computeIfAbsent(
        options, o -> AgentProcess.of(Hello.class).agent(o + ",required=true").run());
  }
}
