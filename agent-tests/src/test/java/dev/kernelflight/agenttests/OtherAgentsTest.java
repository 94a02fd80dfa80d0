package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.apps.Opens;
import dev.kernelflight.agenttests.apps.Thrower;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beside agents that look at every class that is loaded. */
@Tag("kernel")
class OtherAgentsTest {
  private static final String LOADING = "Java stack when loading ";

  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  /**
   * A class that JFR loads in the middle of an event is seen by the other agent there. When that
   * throws, JFR writes the event of it into the one that it has begun.
   */
  @Test
  void noClassIsLoadedWhileAnEventIsWritten() throws Exception {
    assumeTrue(Runtime.version().feature() >= 24, "older JVMs do not say why they load a class");
    Path file = temp.resolve("beside.jfr");
    Path log = temp.resolve("classes.txt");
    Path directory = Files.createDirectory(temp.resolve("opened"));
    Finished finished =
        AgentProcess.of(Opens.class, directory)
            .jvm(
                "-XX:LogClassLoadingCauseFor=*",
                "-Xlog:class+load+cause,class+load+cause+native=off:file=" + log)
            .otherAgent(thrower())
            .recordingTo(file, ",+jdk.JavaExceptionThrow#enabled=true")
            .run();
    assertThat(finished.exitCode()).as(finished.err()).isZero();
    assertThat(finished.messages()).as(finished.err()).isZero();
    assertThat(loadedInTheMiddleOfAnEvent(log)).isEmpty();
    Recorded recorded = Recorded.in(file);
    assertThat(recorded.named("jdk.JavaExceptionThrow")).hasSizeGreaterThan(50);
    assertThat(recorded.opens()).isNotEmpty();
  }

  private static List<String> loadedInTheMiddleOfAnEvent(Path log) throws IOException {
    List<String> loaded = new ArrayList<>();
    boolean any = false;
    String loading = "";
    try (Stream<String> lines = Files.lines(log)) {
      for (String line : (Iterable<String>) lines::iterator) {
        int at = line.indexOf(LOADING);
        if (at >= 0) {
          any = true;
          loading = line.substring(at + LOADING.length());
        } else if (line.contains("at jdk.jfr.internal.event.EventWriter.")
            || line.contains("at jdk.jfr.internal.StringPool.")) {
          loaded.add(loading + line.strip());
        }
      }
    }
    assertThat(any).as("whether the log tells of any class").isTrue();
    return loaded;
  }

  private Path thrower() throws IOException {
    Path jar = temp.resolve("thrower.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", Thrower.class.getName());
    String name = Thrower.class.getName().replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out, manifest);
        var bytes = Thrower.class.getResourceAsStream("/" + name)) {
      entries.putNextEntry(new JarEntry(name));
      bytes.transferTo(entries);
    }
    return jar;
  }
}
