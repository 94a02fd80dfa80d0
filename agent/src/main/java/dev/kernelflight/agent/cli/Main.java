package dev.kernelflight.agent.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

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
      SettingsCommand.class
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Exits with 0, 1 where a command failed, or 2 where it was called wrongly. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
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
