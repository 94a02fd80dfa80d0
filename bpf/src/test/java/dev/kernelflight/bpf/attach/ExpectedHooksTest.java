package dev.kernelflight.bpf.attach;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.KernelTest;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * Kernels of which it is known what hooks they have: those in virtual machines, which name them in
 * the environment. Without this a hook that broke would pass for one that the kernel lacks.
 */
@KernelTest
@Tag("hooks")
@EnabledIfEnvironmentVariable(named = ExpectedHooksTest.VARIABLE, matches = ".+")
class ExpectedHooksTest {
  static final String VARIABLE = "KERNELFLIGHT_EXPECT_HOOKS";

  private static final String CHOSEN = "KERNELFLIGHT_EXPECT_CHOSEN";

  private final List<HookKind> expected =
      Arrays.stream(System.getenv(VARIABLE).split(",", -1)).map(ExpectedHooksTest::kind).toList();

  private static HookKind kind(String name) {
    return HookKind.valueOf(name.toUpperCase(Locale.ROOT));
  }

  private static Session.Probe probe(Optional<HookKind> kind) throws Exception {
    try (Epoll epoll = new Epoll();
        Session session =
            LocalSession.open(
                new LocalSession.Options(kind, LocalSession.Buffer.PERF, 16),
                CurrentProcess.threadId(),
                epoll)) {
      session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      return session.probe(FileOpens.SOURCE).orElseThrow();
    }
  }

  @Test
  void theseKindsCanBeHadAndNoOthers() throws Exception {
    List<HookKind> accepted = new ArrayList<>();
    List<Refusal> refusals = new ArrayList<>();
    for (HookKind kind : EnumSet.complementOf(EnumSet.of(HookKind.PERF_EVENT))) {
      try {
        Session.Probe probe = probe(Optional.of(kind));
        accepted.add(probe.hook().kind());
        refusals.addAll(probe.refusals());
      } catch (NoHookException e) {
        refusals.addAll(e.refusals());
      }
    }
    assertThat(accepted).as("refused: " + refusals).isEqualTo(expected);
  }

  @Test
  void oneOfThemIsTakenByItself() throws Exception {
    Session.Probe probe = probe(Optional.empty());
    System.out.println("KERNELFLIGHT hook=" + probe.hook().kind().name().toLowerCase(Locale.ROOT));
    assertThat(probe.hook().kind())
        .as(probe.refusals().toString())
        .isEqualTo(kind(System.getenv(CHOSEN)));
    assertThat(expected).isSorted();
  }
}
