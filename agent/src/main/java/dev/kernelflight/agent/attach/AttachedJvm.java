package dev.kernelflight.agent.attach;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.kernelflight.agent.Agent;
import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.ProcStatus;
import dev.kernelflight.agent.Restrictions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Optional;
import java.util.Properties;
import sun.tools.attach.HotSpotVirtualMachine;

/**
 * A JVM that takes commands by the JDK's attach mechanism. Root may attach to a JVM of any user;
 * the JDK finds a JVM in a container by itself.
 */
public final class AttachedJvm implements AutoCloseable {
  private static final int LEAST_JAVA = 21;

  private final JvmProcess process;
  private final VirtualMachine machine;

  private AttachedJvm(JvmProcess process, VirtualMachine machine) {
    this.process = process;
    this.machine = machine;
  }

  /** Attaches, having made sure that the JVM can take the agent. */
  public static AttachedJvm to(JvmProcess process) throws CommandFailedException {
    long pid = process.pid();
    Optional<Hindrance> hindrance = Attachability.hindrance(process);
    if (hindrance.isPresent()) {
      throw new CommandFailedException("cannot attach to JVM " + pid + ": " + hindrance.get());
    }
    try {
      AttachedJvm attached = new AttachedJvm(process, VirtualMachine.attach(Long.toString(pid)));
      attached.checkVersion();
      return attached;
    } catch (AttachNotSupportedException | IOException e) {
      throw new CommandFailedException(
          "cannot attach to JVM "
              + pid
              + ": "
              + e.getMessage()
              + "\n"
              + advice(process, String.valueOf(e.getMessage())));
    }
  }

  private static String advice(JvmProcess process, String failure) {
    if (!process.runs()) {
      return "It has ended.";
    }
    // the JDK's words for a socket of another owner, and the system's for one without listener
    if (Files.exists(process.attachSocket(), NOFOLLOW_LINKS)
        && (failure.contains("well-known file") || failure.contains("Connection refused"))) {
      return process.attachSocket()
          + " is left from an earlier JVM with the same process id: remove it.";
    }
    Restrictions own = Restrictions.current();
    String user = ProcStatus.userOf(process.proc());
    if (!own.user().equals("uid 0") && !own.user().equals(user)) {
      return "It belongs to another user (" + user + "): run this as that user, or as root.";
    }
    return "It does not answer: it hangs, or its launcher or an argument file gave it"
        + " -XX:+DisableAttachMechanism.";
  }

  private void checkVersion() throws CommandFailedException, IOException {
    String version = properties().getProperty("java.specification.version", "");
    if (JvmProcess.feature(version).orElse(LEAST_JAVA) < LEAST_JAVA) {
      close();
      throw new CommandFailedException(
          "JVM " + process.pid() + " runs Java " + version + ", and the agent needs " + LEAST_JAVA);
    }
  }

  /**
   * Loads the agent.
   *
   * @param jar as the JVM sees it
   * @return what the agent says
   * @throws CommandFailedException in the agent's words where it cannot do what it was asked for
   */
  public String load(String jar, String options) throws CommandFailedException {
    try {
      machine.loadAgent(jar, options);
      return answer();
    } catch (AgentInitializationException e) {
      throw new CommandFailedException(answer());
    } catch (AgentLoadException e) {
      throw new CommandFailedException(loadFailure(String.valueOf(e.getMessage())));
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private String loadFailure(String message) {
    if (message.contains("Dynamic agent loading is not enabled")
        || !process.flag("EnableDynamicAgentLoading", true)) {
      return "JVM "
          + process.pid()
          + " was started with -XX:-EnableDynamicAgentLoading: start it without, or with"
          + " -javaagent:ebpf-agent.jar";
    }
    return "JVM " + process.pid() + " does not load the agent: " + message;
  }

  private String answer() throws CommandFailedException {
    try {
      return properties()
          .getProperty(
              Agent.ANSWER,
              "the agent failed before it could say why; see the standard error of the JVM");
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private Properties properties() throws IOException {
    return machine.getSystemProperties();
  }

  /**
   * Has the JVM execute a diagnostic command, as jcmd does.
   *
   * @return what it prints
   */
  String command(String command) throws CommandFailedException {
    try (InputStream in = ((HotSpotVirtualMachine) machine).executeJCmd(command)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private CommandFailedException lost(IOException e) {
    return new CommandFailedException(
        process.runs()
            ? "JVM " + process.pid() + " does not do as it was told: " + e.getMessage()
            : "JVM " + process.pid() + " has ended");
  }

  @Override
  public void close() {
    try {
      machine.detach();
    } catch (IOException e) {
      // there is nothing to do about it
    }
  }
}
