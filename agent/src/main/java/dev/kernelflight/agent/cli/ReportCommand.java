package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.attach.CommandFailedException;
import dev.kernelflight.agent.attach.OutputFile;
import dev.kernelflight.agent.recording.BadRecordingException;
import dev.kernelflight.agent.recording.KernelRecording;
import dev.kernelflight.agent.recording.KernelRecording.Scope;
import dev.kernelflight.agent.recording.RuleResult;
import dev.kernelflight.agent.recording.RuleResult.Severity;
import dev.kernelflight.agent.recording.Rules;
import dev.kernelflight.agent.show.EventTable;
import dev.kernelflight.agent.show.HtmlReport;
import dev.kernelflight.agent.show.JsonLine;
import dev.kernelflight.agent.show.StandardOutput;
import dev.kernelflight.agent.show.TextReport;
import dev.kernelflight.bpf.sys.Terminal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says what is wrong with what a recording holds. */
@Command(
    name = "report",
    description = {
      "Runs the rules for kernel events over a recording, the same that JDK Mission Control runs with"
          + " the plug-in, and prints what they say, the worst first."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:reported",
      "1:the file holds no kernel events, or cannot be read, or not to its end; or a rule failed",
      "2:wrong options",
      "3:with --fail-on: something is that bad"
    })
final class ReportCommand implements Callable<Integer> {
  private static final int TOO_BAD = 3;

  /** What a build can fail on. */
  enum FailOn {
    WARNING,
    INFORMATION;

    boolean isReachedBy(RuleResult result) {
      return result.severity() == Severity.WARNING
          || (this == INFORMATION && result.severity() == Severity.INFORMATION);
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private RecordingFile file = new RecordingFile();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "write the report to FILE, too, as a page that needs nothing else")
  private @Nullable Path html;

  @Option(names = "--json", description = "one JSON object a rule and line")
  private boolean json;

  @Option(
      names = "--fail-on",
      paramLabel = "SEVERITY",
      description = "exit with 3 if a rule says ${COMPLETION-CANDIDATES} or worse: for a build")
  private @Nullable FailOn failOn;

  @Override
  public Integer call() throws InterruptedException {
    try {
      if (html != null && Files.exists(html) && isSame(html, file.path())) {
        throw new ParameterException(spec.commandLine(), "--html would overwrite the recording");
      }
      KernelRecording whole = file.load(Scope.ALL);
      KernelRecording recording = whole.withoutJfrsOwn();
      List<RuleResult> results = Rules.evaluate(recording);
      print(results, whole.opens() - recording.opens());
      if (html != null) {
        write(HtmlReport.page(file.path(), recording, results), html);
      }
      return exitCode(recording, results);
    } catch (BadRecordingException e) {
      return file.fail(e);
    } catch (OutOfMemoryError e) {
      return file.fail(e);
    } catch (CommandFailedException e) {
      return file.fail(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return file.fail("cannot write " + html + ": " + e);
    }
  }

  private static void write(String page, Path html) throws CommandFailedException {
    try (OutputFile output = OutputFile.create(html, true, OutputFile.USUAL)) {
      output.write(page.getBytes(StandardCharsets.UTF_8));
      output.finish();
    }
  }

  private static boolean isSame(Path one, Path other) throws IOException {
    return Files.exists(other) && Files.isSameFile(one, other);
  }

  private void print(List<RuleResult> results, int leftOut) {
    try (StandardOutput out = StandardOutput.open(json)) {
      if (json) {
        results.forEach(result -> out.line(JsonLine.of(result)));
      } else {
        TextReport.print(results, leftOut, out, Terminal.columns().orElse(EventTable.UNLIMITED));
      }
    }
  }

  private int exitCode(KernelRecording recording, List<RuleResult> results) {
    if (results.stream().anyMatch(result -> result.severity() == Severity.FAILED)) {
      return RecordingFile.FAILED;
    }
    FailOn limit = failOn;
    if (limit != null && results.stream().anyMatch(limit::isReachedBy)) {
      return TOO_BAD;
    }
    return RecordingFile.exitCode(recording);
  }
}
