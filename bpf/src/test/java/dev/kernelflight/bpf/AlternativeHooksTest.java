package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.attach.Hook.Attachment.Kprobe;
import dev.kernelflight.bpf.attach.Hook.Attachment.Trampoline;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.source.FileOpenHooks;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.HookOrder;
import dev.kernelflight.bpf.sys.KernelObjects;
import dev.kernelflight.bpf.sys.KernelObjects.OpenMap;
import dev.kernelflight.bpf.sys.Preemption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kernels that lack functions which this one has: their names are changed to some that no kernel
 * has, and what is taken instead must tell the same.
 */
@KernelTest
@Tag("hooks")
class AlternativeHooksTest {
  private static final int CREATING = 0101; // O_WRONLY|O_CREAT, the same on every architecture
  private static final Path KPROBES = Path.of("/sys/bus/event_source/devices/kprobe/type");
  private static final Architecture ARCHITECTURE = Architecture.current();
  private static final KernelNames NAMES = KernelNames.ofThisMachine();

  @TempDir Path directory;

  private static List<Hook> hooks() {
    return FileOpenHooks.inOrder(ARCHITECTURE, NAMES);
  }

  /** The hooks with those before the given one aimed at functions that no kernel has. */
  private static List<Hook> missingBefore(Hook wanted) {
    List<Hook> hooks = hooks();
    int first = hooks.indexOf(wanted);
    return Stream.concat(
            hooks.subList(0, first).stream().map(AlternativeHooksTest::missing),
            hooks.subList(first, hooks.size()).stream())
        .toList();
  }

  private static Hook missing(Hook hook) {
    List<Attachment> attachments =
        hook.attachments().stream().map(AlternativeHooksTest::missing).toList();
    return new Hook(hook.kind(), "missing " + hook.target(), attachments);
  }

  private static Attachment missing(Attachment attachment) {
    return switch (attachment) {
      case Trampoline t ->
          new Trampoline(t.program(), "missing_" + t.function(), t.atReturn(), t.parameters());
      case Kprobe k -> new Kprobe(k.program(), "missing_" + k.function(), k.atReturn(), false);
      default -> attachment;
    };
  }

  private static Options options(Buffer buffer) {
    return new Options(Optional.empty(), buffer, 64);
  }

  static Stream<Hook> kprobes() {
    return hooks().stream().filter(hook -> hook.kind() == HookKind.KPROBE);
  }

  @ParameterizedTest
  @MethodSource("kprobes")
  void isTakenWhereThoseBeforeAreMissingAndTellsTheSame(Hook hook) throws Exception {
    assumeThat(KPROBES).exists();
    List<Hook> candidates = missingBefore(hook);
    for (Buffer buffer : Buffer.values()) {
      try (TracedProcess traced = new TracedProcess(options(buffer), candidates)) {
        assertProbe(traced, hook, candidates.subList(0, candidates.indexOf(hook)));
        assertTellsEveryOpen(traced, Files.createDirectory(directory.resolve(buffer.name())));
      }
    }
  }

  @Test
  void theTracepointsAreTakenWhereAllFunctionsAreMissing() throws Exception {
    List<Hook> candidates = hooks().stream().map(AlternativeHooksTest::missing).toList();
    try (TracedProcess traced = new TracedProcess(options(Buffer.PERF), candidates)) {
      Session.Probe probe = traced.session.probe(FileOpens.SOURCE).orElseThrow();
      assertThat(probe.hook().kind()).isEqualTo(HookKind.TRACEPOINT);
      assertThat(probe.refusals()).extracting(Refusal::hook).isEqualTo(candidates);
      assertTellsEveryOpen(traced, directory);
    }
  }

  private static final HookOrder TRACEPOINTS = HookOrder.of(ARCHITECTURE, true);

  /** Those that a kernel takes which preempts programs of raw tracepoints. */
  static Stream<Hook> waysToTheTracepoints() {
    return TRACEPOINTS.syscalls().stream();
  }

  @ParameterizedTest
  @MethodSource("waysToTheTracepoints")
  void everyWayToTheTracepointsTellsTheSame(Hook way) throws Exception {
    int index = TRACEPOINTS.syscalls().indexOf(way);
    HookOrder only =
        new HookOrder(List.of(), List.of(way), List.of(TRACEPOINTS.threadEnds().get(index)));
    Options options = new Options(Optional.of(HookKind.TRACEPOINT), Buffer.PERF, 64);
    try (TracedProcess traced = new TracedProcess(options, only)) {
      Session.Probe probe = traced.session.probe(FileOpens.SOURCE).orElseThrow();
      assertThat(probe.hook()).isEqualTo(way);
      assertTellsEveryOpen(traced, directory);
      assertForgetsThreads(traced);
    } catch (NoHookException e) {
      // this machine's kernel may have no function session, or other functions
      assumeThat(way.attachments()).hasAtLeastOneElementOfType(Attachment.KprobeMulti.class);
      assumeThat(TRACEPOINTS.syscalls()).as(e.getMessage()).doesNotContain(way);
    }
  }

  private static void assertForgetsThreads(TracedProcess traced) throws Exception {
    try (OpenMap owners = KernelObjects.map("slot_owners")) {
      int before = owners.entries();
      for (int i = 0; i < 50; i++) {
        Thread thread =
            Thread.ofPlatform()
                .start(() -> openAndClose("openat", WORKING_DIRECTORY, "/missing", 0, 0));
        thread.join();
      }
      assertThat(traced.opensOf("/missing")).hasSize(50);
      // a thread that was joined may still be on its way out, and the JVM has some of its own
      long begun = System.nanoTime();
      while (owners.entries() > before + 20) {
        assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.MINUTES.toNanos(1));
      }
    }
  }

  private static void assertProbe(TracedProcess traced, Hook hook, List<Hook> refused) {
    Session.Probe probe = traced.session.probe(FileOpens.SOURCE).orElseThrow();
    assertThat(probe.hook()).as(probe.refusals().toString()).isEqualTo(hook);
    assertThat(probe.refusals())
        .satisfies(refusals -> assertThat(refusals).extracting(Refusal::hook).isEqualTo(refused))
        .allSatisfy(refusal -> assertThat(refusal.reason()).containsAnyOf(reasons(refusal.hook())));
  }

  /** On a kernel that preempts programs fentry is not even tried. */
  private static String[] reasons(Hook hook) {
    return hook.kind() == HookKind.FENTRY && Preemption.interruptsPrograms()
        ? new String[] {"preempt"}
        : new String[] {"missing_", "BTF"};
  }

  /** What is told of a call, without its time and thread. */
  private record Told(String path, String flags, int mode, int directory, int result) {
    Told(OpenRecord open) {
      this(
          open.path(), NAMES.openFlags(open.flags()), open.mode(), open.directory(), open.result());
    }
  }

  private static void assertTellsEveryOpen(TracedProcess traced, Path directory) throws Exception {
    Path created = directory.resolve("created");
    Path missing = directory.resolve("missing");
    byte[] how =
        ByteBuffer.allocate(24).order(ByteOrder.nativeOrder()).putLong(2).putLong(0).array();
    List<Told> expected = new ArrayList<>();

    int fd =
        traced.onOpener(
            () -> openAndClose("openat", WORKING_DIRECTORY, created + "", CREATING, 0640));
    expected.add(new Told(created + "", "O_WRONLY|O_CREAT", 0640, WORKING_DIRECTORY, fd));
    traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, missing + "", 0, 0777));
    expected.add(new Told(missing + "", "O_RDONLY", 0, WORKING_DIRECTORY, -2));
    fd =
        traced.onOpener(
            () -> openAndClose("openat2", WORKING_DIRECTORY, created + "", how, how.length));
    expected.add(new Told(created + "", "O_RDWR", 0, WORKING_DIRECTORY, fd));
    if (NAMES.hasSyscall("creat")) {
      fd = traced.onOpener(() -> openAndClose("open", created + "", 1, 0777));
      expected.add(new Told(created + "", "O_WRONLY", 0, WORKING_DIRECTORY, fd));
      fd = traced.onOpener(() -> openAndClose("creat", created + "", 0600));
      expected.add(new Told(created + "", "O_WRONLY|O_CREAT|O_TRUNC", 0600, WORKING_DIRECTORY, fd));
    }
    assertThat(traced.drained(open -> open.path().startsWith(directory + "/")))
        .extracting(Told::new)
        .as("each once, in the order of the CPUs that they were made on")
        .containsExactlyInAnyOrderElementsOf(expected);
  }
}
