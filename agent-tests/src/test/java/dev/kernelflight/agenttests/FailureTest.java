package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Hello;
import dev.kernelflight.agenttests.apps.Restricted;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever is in the agent's way: one message that says so, and an application that runs on, or
 * with {@code required=true} never starts.
 */
class FailureTest {
  private static final String RUNS_ON = "The application runs on without kernel events.";
  private static final String RUNS_ON_WITH_OTHERS =
      "The application runs on, with the other kernel events.";
  private static final String REFUSED =
      "The application does not start, because required=true was asked for.";

  /**
   * A failure.
   *
   * @param options of the agent
   * @param jvm options of the JVM
   * @param restriction what {@link Restricted} gives up before, or nothing
   * @param nativeAccess whether the JVM allows it
   * @param said what the message must hold
   */
  record Failure(
      String name,
      String options,
      List<String> jvm,
      List<String> restriction,
      boolean nativeAccess,
      List<String> said) {
    @Override
    public String toString() {
      return name;
    }

    /** Whether it is in the way of file opens only. */
    boolean partial() {
      return name.startsWith("attach=");
    }

    String ending() {
      return partial() ? RUNS_ON_WITH_OTHERS : RUNS_ON;
    }

    AgentProcess process(Class<?> main, String moreOptions, Object... arguments) {
      AgentProcess process =
          AgentProcess.of(main, arguments)
              .agent(
                  Stream.of(options, moreOptions)
                      .filter(text -> !text.isEmpty())
                      .collect(java.util.stream.Collectors.joining(",")))
              .jvm(jvm.toArray(String[]::new));
      if (!nativeAccess) {
        process.withoutNativeAccess();
      }
      if (!restriction.isEmpty()) {
        process.under(AgentProcess.restricted(restriction));
      }
      return process;
    }
  }

  private static Failure options(String options, String... said) {
    List<String> all = new ArrayList<>(List.of(said));
    all.addAll(
        List.of(
            "attach=auto|fentry|kprobe|tracepoint",
            "buffer=auto|perf|ring",
            "pages=N",
            "required=true|false"));
    return new Failure("option " + options, options, List.of(), List.of(), true, all);
  }

  private static Failure jvm(String option, String... said) {
    return new Failure(option, "", List.of(option), List.of(), true, List.of(said));
  }

  private static Failure restricted(String name, List<String> restriction, String... said) {
    return new Failure(name, "", List.of(), restriction, true, List.of(said));
  }

  /** Those that are known before a recording asks for anything. */
  static Stream<Failure> atOnce() {
    return Stream.of(
        jvm(
            "--limit-modules=java.base,java.instrument,java.logging",
            "no JDK Flight Recorder",
            "the module jdk.jfr"),
        options("attach=perf", "option attach=perf: attach must be auto, fentry, kprobe or"),
        options("buffer=disk", "option buffer=disk: buffer must be auto, perf or ring"),
        options("pages=100", "option pages=100: pages must be a power of two from 16 to 65536"),
        options("pages=8", "pages must be a power of two"),
        options("pages=131072", "pages must be a power of two"),
        options("pages=many", "pages must be a power of two"),
        options("colour=red", "there is no option \"colour\""),
        options("buffer=ring,,pages=16", "there is no option \"\""),
        options("ring", "there is no option \"ring\""));
  }

  static Stream<Failure> inTheSystem() {
    return Stream.of(
        jvm("-Dos.name=Mac OS X", "eBPF needs Linux", "this is Mac OS X on"),
        jvm("-Dos.name=Windows 11", "eBPF needs Linux", "this is Windows 11 on"),
        jvm("-Dos.arch=riscv64", "eBPF needs Linux on x86_64 or aarch64", "on riscv64"));
  }

  static Stream<Failure> inTheKernel() {
    return Stream.of(
        restricted(
            "no privileges",
            List.of("nobody"),
            "EPERM",
            "this process lacks CAP_BPF and CAP_PERFMON",
            "--cap-add BPF"),
        restricted(
            "seccomp, EPERM",
            List.of("seccomp", "bpf", "1"),
            "EPERM",
            "a seccomp filter refuses bpf(2)"),
        restricted(
            "seccomp, ENOSYS",
            List.of("seccomp", "bpf", "38"),
            "ENOSYS",
            "a seccomp filter refuses bpf(2)"),
        hook("fentry"),
        hook("kprobe"),
        new Failure(
            "native access denied",
            "",
            List.of("--illegal-native-access=deny"),
            List.of(),
            false,
            List.of("denies native access", "--enable-native-access=ALL-UNNAMED")));
  }

  /** Those that nobody can know before something is to be attached. */
  static Stream<Failure> seenByARecording() {
    return Stream.concat(inTheSystem(), inTheKernel());
  }

  private static Failure hook(String kind) {
    return new Failure(
        "attach=" + kind,
        "attach=" + kind,
        List.of(),
        List.of(),
        true,
        List.of("no hook for file opens could be had", "Tried:", kind));
  }

  static Stream<Failure> all() {
    return Stream.of(atOnce(), inTheSystem(), inTheKernel()).flatMap(failures -> failures);
  }

  private static void assumeItFails(Failure failure) {
    if (failure.options.startsWith("attach=") && !failure.name.startsWith("option ")) {
      KernelTracing.require();
      assumeFalse(KernelTracing.allows(failure.options), "this kernel has that hook");
    }
    if (!failure.nativeAccess) {
      assumeTrue(Runtime.version().feature() >= 24, "this JVM cannot deny native access");
    }
    if (failure.restriction.contains("nobody")) {
      assumeTrue(new File("/proc/1/mem").canWrite(), "only root can become nobody");
    }
  }

  private static void assertOneMessage(Failure failure, Finished finished, String ending) {
    assertThat(finished.messages()).as(finished.err()).isEqualTo(1);
    assertThat(finished.err())
        .startsWith(AgentProcess.PREFIX)
        .contains(failure.said)
        .contains("what to do: ")
        .contains("Java " + System.getProperty("java.version"))
        .endsWith("\n  " + ending + "\n")
        .doesNotContain("\tat ", "Exception");
  }

  @ParameterizedTest
  @MethodSource("all")
  void requiredRefusesToStart(Failure failure) {
    assumeItFails(failure);
    Finished finished = failure.process(Hello.class, "required=true", "never").run();
    assertThat(finished.out()).isEmpty();
    assertOneMessage(failure, finished, REFUSED);
    assertThat(finished.exitCode()).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("atOnce")
  void theApplicationRunsOnWithoutARecording(Failure failure) {
    Finished finished = failure.process(Hello.class, "", "you").run();
    assertThat(finished.out()).isEqualTo("Hello, you \u00e4\u20ac\n");
    assertOneMessage(failure, finished, RUNS_ON);
    assertThat(finished.exitCode()).isZero();
  }

  /** The message comes with the first recording, and however many there are, once. */
  @ParameterizedTest
  @MethodSource("seenByARecording")
  void theApplicationRunsOnThroughSeveralRecordings(Failure failure) {
    assumeItFails(failure);
    try (Running jvm = failure.process(Conductor.class, "").start()) {
      jvm.tell("start", "a");
      jvm.tell("open", "/dev/null");
      jvm.tell("start", "b");
      jvm.tell("stop", "a", "/dev/null");
      jvm.tell("stop", "b", "/dev/null");
      jvm.tell("start", "c");
      jvm.tell("open", "/dev/null");
      if (!failure.partial()) {
        assertThat(jvm.kernelObjects()).isZero();
      }
      Finished finished = jvm.end();
      assertThat(finished.out()).isEmpty();
      assertOneMessage(failure, finished, failure.ending());
      assertThat(finished.exitCode()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @MethodSource("seenByARecording")
  void theApplicationPrintsWhatItAlwaysPrints(Failure failure) {
    assumeItFails(failure);
    Finished finished =
        failure.process(Hello.class, "", "you").jvm("-XX:StartFlightRecording").run();
    assertThat(finished.out()).isEqualTo("Hello, you \u00e4\u20ac\n");
    assertOneMessage(failure, finished, failure.ending());
    assertThat(finished.exitCode()).isZero();
  }

  static Stream<Failure> ofEverything() {
    return Stream.concat(
        inTheSystem(), inTheKernel().filter(failure -> failure.name.startsWith("seccomp")));
  }

  @ParameterizedTest
  @MethodSource("ofEverything")
  void aRecordingTellsWhyItHasNoKernelEvents(Failure failure, @TempDir Path temp) {
    assumeItFails(failure);
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = failure.process(Conductor.class, "").start()) {
      jvm.tell("start", "r");
      jvm.tell("open", "/dev/null");
      jvm.tell("stop", "r", file);
      assertOneMessage(failure, jvm.end(), failure.ending());
    }
    Recorded recorded = Recorded.in(file);
    String said = failure.said.get(0);
    for (String event :
        List.of(Recorded.FILE_OPEN, Recorded.SYSCALL, Recorded.STATISTICS, Recorded.SIGNAL)) {
      assertThat(recorded.named(Recorded.PROBE))
          .filteredOn(probe -> probe.getString("event").equals(event))
          .isNotEmpty()
          .allSatisfy(probe -> {
            assertThat(probe.getString("hook")).isEqualTo("none");
            assertThat(probe.getString("refused")).contains(said);
          });
      assertThat(recorded.named(Recorded.EVENTS_LOST))
          .filteredOn(lost -> lost.getString("reason").startsWith(event + " was not recorded: "))
          .singleElement()
          .satisfies(lost -> {
            assertThat(lost.getLong("count")).isEqualTo(-1);
            assertThat(lost.getDuration()).isPositive();
            assertThat(lost.getString("reason")).contains(said);
          });
    }
    Finished printed = AgentProcess.command("print", file).run();
    assertThat(printed.out()).contains("; an unknown number lost; hook: none");
    assertThat(printed.exitCode()).isZero();
  }

  /** What the hooks of file opens cannot see, the tracepoints of all system calls do not need. */
  @Test
  void systemCallsAreRecordedWhereFileOpensAreNot(@TempDir Path temp) {
    Failure failure = hook("fentry");
    assumeItFails(failure);
    Path file = temp.resolve("recording.jfr");
    try (Running jvm = failure.process(Conductor.class, "").start()) {
      jvm.tell("start", "r", Recorded.SYSCALL + "#threshold=0ns");
      jvm.tell("call", 10, "getppid");
      jvm.tell("open", "/dev/null");
      jvm.tell("stop", "r", file);
      assertOneMessage(failure, jvm.end(), failure.ending());
    }
    Recorded recorded = Recorded.in(file);
    assertThat(recorded.syscalls("getppid")).hasSize(10);
    assertThat(recorded.opens()).isEmpty();
    assertThat(recorded.named(Recorded.PROBE))
        .anySatisfy(probe -> {
          assertThat(probe.getString("event")).isEqualTo(Recorded.FILE_OPEN);
          assertThat(probe.getString("hook")).isEqualTo("none");
          assertThat(probe.getString("refused")).contains("fentry");
        });
  }
}
