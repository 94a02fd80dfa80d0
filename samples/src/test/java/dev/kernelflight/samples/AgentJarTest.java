package dev.kernelflight.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** The packaged agent as a user gets it: this JVM was started with it. */
class AgentJarTest {
  private static final Path AGENT_JAR = Path.of(System.getProperty("kernelflight.agent.jar", ""));

  private static final String LAUNCHER = "dev.kernelflight.agent.launch.Launcher";
  private static final String COMMANDS = "dev.kernelflight.agent.launch.CommandLauncher";

  @Test
  void theManifestNamesTheEntryPoints() throws IOException {
    try (JarFile jar = new JarFile(AGENT_JAR.toFile())) {
      var attributes = jar.getManifest().getMainAttributes();
      assertThat(attributes.getValue("Premain-Class")).isEqualTo(LAUNCHER);
      assertThat(attributes.getValue("Agent-Class")).isEqualTo(LAUNCHER);
      assertThat(attributes.getValue("Main-Class")).isEqualTo(COMMANDS);
      assertThat(attributes.getValue("Launcher-Agent-Class")).isNull();
      assertThat(attributes.getValue("Can-Redefine-Classes")).isEqualTo("true");
      assertThat(attributes.getValue("Can-Retransform-Classes")).isEqualTo("true");
      assertThat(attributes.getValue("Enable-Native-Access")).isEqualTo("ALL-UNNAMED");
      assertThat(attributes.getValue("Implementation-Version")).isNotBlank();
    }
  }

  @Test
  void nothingInItCanMeetAClassOfTheApplication() throws IOException {
    try (JarFile jar = new JarFile(AGENT_JAR.toFile())) {
      assertThat(jar.stream().map(entry -> entry.getName()))
          .filteredOn(name -> name.endsWith(".class"))
          .allSatisfy(name -> assertThat(name).matches("dev/kernelflight/.*"));
    }
  }

  @Test
  void ownClassesLoadOnJdk21() throws IOException {
    try (JarFile jar = new JarFile(AGENT_JAR.toFile())) {
      for (var entry : jar.stream().toList()) {
        if (entry.getName().endsWith(".class") && !entry.getName().contains("/shaded/")) {
          try (var in = new DataInputStream(jar.getInputStream(entry))) {
            in.skipNBytes(6);
            assertThat(in.readUnsignedShort()).as(entry.getName()).isLessThanOrEqualTo(65);
          }
        }
      }
    }
  }

  @Test
  void theAgentWasLoadedFromIt() throws Exception {
    Class<?> agent = Class.forName("dev.kernelflight.agent.Agent");
    Path origin = Path.of(agent.getProtectionDomain().getCodeSource().getLocation().toURI());
    assertThat(origin.toRealPath()).isEqualTo(AGENT_JAR.toRealPath());
  }
}
