package dev.kernelflight.bpf.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.KernelTest;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpenHooks;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelObjects;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hooks on this kernel, whichever it has. */
@KernelTest
@Tag("hooks")
class AttachTest {
  private static final Path KPROBES = Path.of("/sys/bus/event_source/devices/kprobe/type");

  private static Session open(Optional<HookKind> kind, Epoll epoll) throws Exception {
    return LocalSession.open(
        new LocalSession.Options(kind, LocalSession.Buffer.PERF, 16),
        CurrentProcess.threadId(),
        epoll);
  }

  @ParameterizedTest
  @EnumSource(names = "PERF_EVENT", mode = EnumSource.Mode.EXCLUDE)
  void theOneKindThatIsAskedForOrTheReasonsWhyNot(HookKind kind) throws Exception {
    try (Epoll epoll = new Epoll();
        Session session = open(Optional.of(kind), epoll)) {
      session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      Session.Probe probe = session.probe(FileOpens.SOURCE).orElseThrow();
      assertThat(probe.hook().kind()).isEqualTo(kind);
      assertThat(probe.refusals()).allMatch(refusal -> refusal.hook().kind() == kind);
      assertThat(session.skippedRuns()).isNotNegative();
    } catch (NoHookException e) {
      assertThat(kind == HookKind.KPROBE && Files.exists(KPROBES))
          .as("a kernel with kprobes refused: " + e.getMessage())
          .isFalse();
      assertThat(kind).as(e.getMessage()).isNotEqualTo(HookKind.TRACEPOINT);
      assertEachIsRefused(e.refusals(), hooks(kind));
      assertThat(e)
          .hasMessageContainingAll(
              e.refusals().stream().map(Refusal::toString).toArray(String[]::new));
    }
  }

  @Test
  void theCheapestThatTheKernelAcceptsAndWhyNotACheaperOne() throws Exception {
    try (Epoll epoll = new Epoll();
        Session session = open(Optional.empty(), epoll)) {
      session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      Session.Probe probe = session.probe(FileOpens.SOURCE).orElseThrow();
      List<Hook> functions =
          FileOpenHooks.inOrder(Architecture.current(), KernelNames.ofThisMachine());
      int accepted = functions.indexOf(probe.hook());
      if (accepted < 0) {
        assertThat(probe.hook().kind()).isEqualTo(HookKind.TRACEPOINT);
        accepted = functions.size();
      }
      assertEachIsRefused(probe.refusals(), functions.subList(0, accepted));
    }
  }

  private static List<Hook> hooks(HookKind kind) {
    return FileOpenHooks.inOrder(Architecture.current(), KernelNames.ofThisMachine()).stream()
        .filter(hook -> hook.kind() == kind)
        .toList();
  }

  private static void assertEachIsRefused(List<Refusal> refusals, List<Hook> hooks) {
    assertThat(refusals).extracting(Refusal::hook).isEqualTo(hooks);
    assertThat(refusals).allSatisfy(refusal -> assertThat(refusal.reason()).isNotBlank());
  }

  @Test
  void noCandidateAtAll() throws Exception {
    try (var object = TestObject.create()) {
      assertThatThrownBy(
              () -> new Attacher(object).attachFirst("opens", List.of(), new ArrayList<>()))
          .isInstanceOf(NoHookException.class);
    }
  }

  @Test
  void aHookIsAllOfItsAttachments() throws Exception {
    Hook half =
        new Hook(
            HookKind.TRACEPOINT,
            "half",
            List.of(
                new Hook.Attachment.RawTracepoint("sys_exit", "sys_exit"),
                new Hook.Attachment.RawTracepoint("sys_enter", "no_such_tracepoint")));
    Hook whole =
        new Hook(
            HookKind.TRACEPOINT,
            "whole",
            List.of(new Hook.Attachment.RawTracepoint("sys_exit", "sys_exit")));
    List<String> before = KernelObjects.anonymous();
    List<Refusal> refusals = new ArrayList<>();
    try (var object = TestObject.create();
        AttachedHook attached =
            new Attacher(object).attachFirst("opens", List.of(half, whole), refusals)) {
      assertThat(attached.hook()).isEqualTo(whole);
      assertThat(refusals)
          .singleElement()
          .satisfies(refusal -> {
            assertThat(refusal.hook()).isEqualTo(half);
            assertThat(refusal.reason()).contains("no_such_tracepoint").contains("ENOENT");
            assertThat(refusal.permission()).isFalse();
          });
    }
    assertThat(KernelObjects.anonymous()).as("what is left of the half").isEqualTo(before);
  }

  @Test
  void aFunctionThatTheKernelDoesNotHave() throws Exception {
    Hook fentry =
        new Hook(
            HookKind.FENTRY,
            "no_such_function",
            List.of(
                new Hook.Attachment.Trampoline("openat2_fentry", "no_such_function", false, 3)));
    Hook kprobe =
        new Hook(
            HookKind.KPROBE,
            "no_such_function",
            List.of(
                new Hook.Attachment.Kprobe("openat2_kprobe", "no_such_function", false, false)));
    try (var object = TestObject.create()) {
      assertThatThrownBy(() ->
              new Attacher(object).attachFirst("opens", List.of(fentry, kprobe), new ArrayList<>()))
          .isInstanceOfSatisfying(
              NoHookException.class,
              e -> assertEachIsRefused(e.refusals(), List.of(fentry, kprobe)))
          .hasMessageContaining("fentry no_such_function: ")
          .hasMessageContaining("kprobe no_such_function: ");
    }
  }

  @Test
  void aFunctionWithOtherParametersThanExpected() throws Exception {
    Hook hook =
        new Hook(
            HookKind.FENTRY,
            "do_sys_openat2",
            List.of(new Hook.Attachment.Trampoline("openat2_fentry", "do_sys_openat2", false, 7)));
    try (var object = TestObject.create()) {
      assertThatThrownBy(
              () -> new Attacher(object).attachFirst("opens", List.of(hook), new ArrayList<>()))
          .isInstanceOfSatisfying(
              NoHookException.class,
              e ->
                  assertThat(e.refusals().get(0).reason())
                      .matches(
                          ".* has \\d+ parameters on this kernel, and 7 were expected"
                              + "|.*built without BTF.*|the kernel's BTF has no function .*"));
    }
  }
}
