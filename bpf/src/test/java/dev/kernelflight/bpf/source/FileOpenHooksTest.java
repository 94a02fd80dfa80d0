package dev.kernelflight.bpf.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment.Kprobe;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.elf.BpfObject;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FileOpenHooksTest {
  private static List<Hook> hooks(Architecture architecture) {
    return FileOpenHooks.inOrder(architecture, KernelNames.of(architecture));
  }

  @ParameterizedTest
  @EnumSource
  void cheapestFirst(Architecture architecture) {
    assertThat(hooks(architecture))
        .extracting(Hook::kind)
        .containsExactly(HookKind.FENTRY, HookKind.KPROBE, HookKind.KPROBE)
        .isSortedAccordingTo(Comparator.naturalOrder());
  }

  @Test
  void x86HasFourSystemCallsThatOpen() {
    assertThat(hooks(Architecture.X86_64))
        .extracting(Hook::toString)
        .containsExactly(
            "fentry do_sys_openat2",
            "kprobe do_sys_openat2",
            "kprobe __x64_sys_openat, __x64_sys_open, __x64_sys_creat, __x64_sys_openat2");
  }

  @Test
  void aarch64HasTwo() {
    assertThat(hooks(Architecture.AARCH64))
        .extracting(Hook::toString)
        .containsExactly(
            "fentry do_sys_openat2",
            "kprobe do_sys_openat2",
            "kprobe __arm64_sys_openat, __arm64_sys_openat2");
  }

  /** Otherwise an entry between the two would count as never returned. */
  @ParameterizedTest
  @EnumSource
  void returnsAreAttachedBeforeEntries(Architecture architecture) {
    for (Hook hook : hooks(architecture)) {
      List<String> programs =
          hook.attachments().stream()
              .map(Hook.Attachment::program)
              .filter(program -> !program.startsWith("compat")) // it only counts
              .toList();
      for (int i = 0; i < programs.size(); i += 2) {
        assertThat(programs.get(i)).as(hook.toString()).matches(".*(fexit|kretprobe|exit)");
        assertThat(programs.get(i + 1)).as(hook.toString()).matches(".*(fentry|kprobe|enter)");
        assertThat(programs.get(i + 1)).doesNotContain("kretprobe");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void openatAloneMayNotBeMissing(Architecture architecture) {
    String openat = architecture.syscallFunction("openat");
    assertThat(hooks(architecture).get(2).attachments())
        .allSatisfy(attachment -> {
          Kprobe kprobe = (Kprobe) attachment;
          assertThat(kprobe.optional()).isEqualTo(!kprobe.function().equals(openat));
        });
  }

  @ParameterizedTest
  @EnumSource
  void everyProgramIsInTheObject(Architecture architecture) throws Exception {
    String name = "/dev/kernelflight/bpf/kernelflight-" + architecture.kernelName() + ".bpf.o";
    try (var in = BpfObject.class.getResourceAsStream(name)) {
      assertThat(in).isNotNull();
      BpfObject object = BpfObject.parse(in.readAllBytes());
      Stream<String> programs =
          hooks(architecture).stream()
              .flatMap(hook -> hook.attachments().stream())
              .map(Hook.Attachment::program);
      assertThat(programs).allMatch(object.programs()::containsKey);
    }
  }
}
