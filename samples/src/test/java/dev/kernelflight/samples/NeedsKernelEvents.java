package dev.kernelflight.samples;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
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
      PrintStream err = System.err;
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
      try {
        return recordsOpens() ? null : said.toString(StandardCharsets.UTF_8).strip();
      } catch (IOException e) {
        return e.toString();
      } finally {
        System.setErr(err);
      }
    }

    private static boolean recordsOpens() throws IOException {
      Path file = Files.createTempFile("kernelflight", ".jfr");
      try (Recording recording = new Recording()) {
        recording.enable("kernel.FileOpen");
        recording.start();
        Files.readString(file);
        recording.stop();
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
            .anyMatch(event -> event.getEventType().getName().equals("kernel.FileOpen"));
      } finally {
        Files.delete(file);
      }
    }
  }
}
