package dev.kernelflight.bpf;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Whether a session can be opened in this process; tried once. */
final class KernelCondition implements ExecutionCondition {
  private static final String VARIABLE = "KERNELFLIGHT_KERNEL_TESTS";
  private static final int FEW_PAGES = 16;

  private static final class Tried {
    static final Optional<String> REFUSAL = tryOnce();

    private static Optional<String> tryOnce() {
      try (Epoll epoll = new Epoll();
          Session session =
              LocalSession.open(
                  new LocalSession.Options(Optional.empty(), Buffer.PERF, FEW_PAGES),
                  CurrentProcess.threadId(),
                  epoll)) {
        session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
        System.out.println(
            "Kernel tests trace with " + session.probe(FileOpens.SOURCE).orElseThrow().hook());
        return Optional.empty();
      } catch (Exception | LinkageError e) {
        String reason = String.valueOf(e.getMessage());
        System.out.println("Kernel tests cannot trace here: " + reason);
        return Optional.of(reason);
      }
    }
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return decide(Tried.REFUSAL, System.getenv(VARIABLE));
  }

  static ConditionEvaluationResult decide(Optional<String> refusal, @Nullable String setting) {
    if (refusal.isEmpty()) {
      return ConditionEvaluationResult.enabled("this kernel can be traced");
    }
    if ("required".equals(setting)) {
      throw new IllegalStateException(
          VARIABLE + "=required, and this kernel cannot be traced: " + refusal.get());
    }
    return ConditionEvaluationResult.disabled("this kernel cannot be traced: " + refusal.get());
  }
}
