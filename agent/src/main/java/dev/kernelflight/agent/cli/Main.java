package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.Diagnosis;
import dev.kernelflight.agent.LackingModule;
import dev.kernelflight.agent.show.PrintableWriter;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program behind {@code java -jar ebpf-agent.jar}. */
@Command(
    name = "ebpf-agent.jar",
    description = {
      "Kernel Flight Recorder: what the Linux kernel does for a JVM, in that JVM's JFR recording.",
      "",
      "To trace an application: java -javaagent:ebpf-agent.jar --enable-native-access=ALL-UNNAMED …"
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      AttachCommand.class,
      DetachCommand.class,
      DoctorCommand.class,
      PerfCommand.class,
      PrintCommand.class,
      ReportCommand.class,
      SettingsCommand.class
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Exits with 0, 1 where a command failed, or 2 where it was called wrongly. */
  public static void main(String[] args) {
    CommandLine commands = new CommandLine(new Main());
    commands.setCaseInsensitiveEnumValuesAllowed(true);
    commands.setParameterExceptionHandler(Main::explain);
    commands.setErr(new PrintableWriter(commands.getErr()));
    commands.setExecutionStrategy(Main::execute);
    System.exit(execute(commands, args));
  }

  /** In any runtime: the modules that a command needs are known when it runs. */
  private static int execute(CommandLine commands, String[] args) {
    try {
      return commands.execute(args);
    } catch (LinkageError e) {
      Diagnosis diagnosis = LackingModule.of(e).map(LackingModule::diagnosis).orElseThrow(() -> e);
      commands.getErr().println(args[0] + ": " + diagnosis.problem() + "; " + diagnosis.advice());
      return commands.getCommandSpec().exitCodeOnExecutionException();
    }
  }

  /** Help is this program's own text and may be bold; what commands print may be anybody's. */
  private static int execute(ParseResult called) {
    Integer helped = CommandLine.executeHelpRequest(called);
    if (helped != null) {
      return helped;
    }
    CommandLine commands = called.commandSpec().commandLine();
    commands.setOut(new PrintableWriter(commands.getOut()));
    return new CommandLine.RunLast().execute(called);
  }

  /** The message alone: below all of the help nobody would see it. */
  private static int explain(ParameterException wrong, String[] args) {
    CommandSpec command = wrong.getCommandLine().getCommandSpec();
    PrintWriter err = wrong.getCommandLine().getErr();
    err.println(command.name() + ": " + wrong.getMessage());
    UnmatchedArgumentException.printSuggestions(wrong, err);
    err.println("All options: java -jar " + command.qualifiedName() + " --help");
    return command.exitCodeOnInvalidInput();
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Which command?");
  }

  /** The version in the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"Kernel Flight Recorder " + (version == null ? "" : version)};
    }
  }
}
