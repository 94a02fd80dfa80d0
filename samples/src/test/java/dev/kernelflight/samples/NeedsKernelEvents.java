package dev.kernelflight.samples;

import dev.kernelflight.events.KernelTracing;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests that can only run where the agent gets events from the kernel. Elsewhere they are skipped
 * with the agent's own explanation, or fail where the environment variable
 * KERNELFLIGHT_KERNEL_TESTS is {@code required}.
 */
@Tag("kernel")
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsKernelEvents.Condition.class)
@interface NeedsKernelEvents {

  /** Tries it out, once a JVM. */
  final class Condition implements ExecutionCondition {
    private static final @Nullable String WHY_NOT = whyNot();

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if (WHY_NOT == null) {
        return ConditionEvaluationResult.enabled("the agent gets events from the kernel");
      }
      if ("required".equals(System.getenv("KERNELFLIGHT_KERNEL_TESTS"))) {
        throw new AssertionError("no events from the kernel: " + WHY_NOT);
      }
      return ConditionEvaluationResult.disabled(WHY_NOT);
    }

    private static @Nullable String whyNot() {
      try (Recording recording = new Recording()) {
        recording.enable("kernel.FileOpen");
        recording.start();
        KernelTracing.require("kernel.FileOpen");
        return null;
      } catch (IllegalStateException e) {
        return e.getMessage();
      }
    }
  }
}
