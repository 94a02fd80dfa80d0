package dev.kernelflight.agent.attach;

import java.net.URISyntaxException;
import java.nio.file.Path;

/** This program's own jar, which is also the agent. */
public final class AgentJar {
  private AgentJar() {}

  /** Where it is. */
  public static Path path() throws CommandFailedException {
    try {
      Path jar =
          Path.of(AgentJar.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (jar.toString().endsWith(".jar")) {
        return jar.toAbsolutePath();
      }
    } catch (URISyntaxException e) {
      // said below
    }
    throw new CommandFailedException("not run from a jar: use java -jar ebpf-agent.jar");
  }
}
