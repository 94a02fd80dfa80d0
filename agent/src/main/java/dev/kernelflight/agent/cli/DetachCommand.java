package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.Agent;
import dev.kernelflight.agent.attach.AttachedJvm;
import dev.kernelflight.agent.attach.CommandFailedException;
import dev.kernelflight.agent.attach.JvmProcess;
import dev.kernelflight.agent.attach.TargetDirectory;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Stops all tracing in a JVM. */
@Command(
    name = "detach",
    description = {
      "Stops all tracing in a JVM that has the agent, however it got there: probes are detached, and"
          + " nothing of the agent is left in the kernel. Recordings go on without kernel events.",
      "attach works again afterwards."
    },
    mixinStandardHelpOptions = true)
final class DetachCommand implements Callable<Integer> {
  private static final int FAILED = 1;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "PID", description = "process id of the JVM, as it is seen here")
  private long pid;

  @Override
  public Integer call() {
    try {
      JvmProcess process = JvmProcess.of(pid);
      try (TargetDirectory directory = TargetDirectory.in(process);
          AttachedJvm jvm = AttachedJvm.to(process)) {
        spec.commandLine()
            .getOut()
            .println("JVM " + pid + ": " + jvm.load(directory.putAgent(), Agent.DETACH));
      }
      return 0;
    } catch (CommandFailedException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return FAILED;
    }
  }
}
