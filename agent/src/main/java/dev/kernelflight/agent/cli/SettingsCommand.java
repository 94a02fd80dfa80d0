package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.attach.CommandFailedException;
import dev.kernelflight.agent.attach.OutputFile;
import dev.kernelflight.events.SettingsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a JFR settings file. */
@Command(
    name = "settings",
    description = {
      "Writes JFR settings for kernel events, every one explained, to FILE or to standard output.",
      "Use them with the JDK's own: -XX:StartFlightRecording:settings=default,settings=FILE"
    },
    mixinStandardHelpOptions = true)
final class SettingsCommand implements Callable<Integer> {
  private static final int FAILED = 1;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-p", "--profile"},
      description =
          "for some minutes of profiling (calls above 5 ms, statistics by thread) instead of for"
              + " continuous use (calls above 20 ms)")
  private boolean profile;

  @Option(
      names = {"-f", "--force"},
      description = "replace FILE if it exists")
  private boolean force;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..1",
      description = "such as kernel-default.jfc; standard output where it is left out")
  private @Nullable Path file;

  @Override
  public Integer call() throws IOException {
    byte[] content = (profile ? SettingsFile.PROFILE : SettingsFile.DEFAULT).content();
    Path target = file;
    if (target == null) {
      System.out.write(content);
      System.out.flush();
      return 0;
    }
    try (OutputFile output = OutputFile.create(target, force, OutputFile.USUAL)) {
      output.write(content);
      output.finish();
      return 0;
    } catch (CommandFailedException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return FAILED;
    }
  }
}
