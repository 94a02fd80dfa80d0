package dev.kernelflight.agenttests;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A JVM of the kind that runs the tests, started with the packaged agent. */
final class AgentProcess {
  /** Every message of the agent begins with it. */
  static final String PREFIX = "Kernel Flight Recorder: ";

  private static final String JAR_PROPERTY = "kernelflight.agent.jar";
  private static final long TIMEOUT_SECONDS = 900;

  private final Class<?> main;
  private final List<String> arguments;
  private final List<String> before = new ArrayList<>();
  private final List<String> jvmOptions =
      new ArrayList<>(
          List.of("-XX:TieredStopAtLevel=1", "-Xlog:jfr+startup=off", "-Dstdout.encoding=UTF-8"));
  private boolean nativeAccess = true;
  private @Nullable String agentOptions = "";

  private AgentProcess(Class<?> main, List<String> arguments) {
    this.main = main;
    this.arguments = arguments;
  }

  /** A JVM with this main class and these arguments. */
  static AgentProcess of(Class<?> main, Object... arguments) {
    return new AgentProcess(main, Stream.of(arguments).map(Object::toString).toList());
  }

  /** The agent's options; none are the default. */
  AgentProcess agent(String options) {
    agentOptions = options;
    return this;
  }

  AgentProcess withoutAgent() {
    agentOptions = null;
    return this;
  }

  AgentProcess jvm(String... options) {
    Collections.addAll(jvmOptions, options);
    return this;
  }

  /** Leaves out {@code --enable-native-access}, which is there otherwise. */
  AgentProcess withoutNativeAccess() {
    nativeAccess = false;
    return this;
  }

  /** Records from the start to the exit of the JVM, with the settings that users start with. */
  AgentProcess recordingTo(Path file) {
    return jvm("-XX:StartFlightRecording:dumponexit=true,filename=" + file);
  }

  /** Runs the JVM by means of another command. */
  AgentProcess under(List<String> command) {
    before.addAll(command);
    return this;
  }

  /** Runs it to its end with an empty standard input. */
  Finished run() {
    try {
      Path out = temporaryFile();
      Path err = temporaryFile();
      Process process =
          builder()
              .redirectInput(new File("/dev/null"))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      awaitExit(process, err);
      return new Finished(process.exitValue(), take(out), take(err));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it for a dialogue. */
  Running start() {
    try {
      Path err = temporaryFile();
      Process process = builder().redirectError(err.toFile()).start();
      return new Running(process, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where a JVM that crashes may leave its files. */
  private ProcessBuilder builder() {
    return new ProcessBuilder(command()).directory(new File(System.getProperty("java.io.tmpdir")));
  }

  private List<String> command() {
    List<String> command = new ArrayList<>(before);
    command.add(java().toString());
    command.addAll(jvmOptions);
    if (nativeAccess) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    if (agentOptions != null) {
      command.add("-javaagent:" + agentJar() + (agentOptions.isEmpty() ? "" : "=" + agentOptions));
    }
    command.addAll(List.of("-cp", classPath(), main.getName()));
    command.addAll(arguments);
    return command;
  }

  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  static Path agentJar() {
    Path jar = Path.of(System.getProperty(JAR_PROPERTY, "../agent/target/ebpf-agent.jar"));
    if (!Files.isReadable(jar)) {
      throw new IllegalStateException(
          "no agent at " + jar.toAbsolutePath() + ": package it, or set -D" + JAR_PROPERTY);
    }
    return jar.toAbsolutePath().normalize();
  }

  /** Where the applications' classes are; without those of the test framework. */
  static String classPath() {
    try {
      return Path.of(AgentProcess.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toAbsolutePath()
          .toString();
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path temporaryFile() throws IOException {
    Path file = Files.createTempFile("agent-process", ".txt");
    file.toFile().deleteOnExit();
    return file;
  }

  private static String take(Path file) throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    Files.delete(file);
    return text;
  }

  private static void awaitExit(Process process, Path err) throws IOException {
    try {
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
        throw new AssertionError("the JVM did not end; it printed:\n" + Files.readString(err));
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What is left of a JVM. */
  record Finished(int exitCode, String out, String err) {
    /** How many messages the agent printed. */
    int messages() {
      return err.split(PREFIX, -1).length - 1;
    }
  }

  /** A JVM that answers every line on its standard input with a line. */
  static final class Running implements AutoCloseable {
    private final Process process;
    private final Path err;
    private final BufferedReader replies;

    private Running(Process process, Path err) {
      this.process = process;
      this.err = err;
      replies = process.inputReader(StandardCharsets.UTF_8);
    }

    long pid() {
      return process.pid();
    }

    /** Sends a command and waits for its answer. */
    String tell(Object... words) {
      String command = String.join(" ", Stream.of(words).map(Object::toString).toList());
      try {
        var writer = process.outputWriter(StandardCharsets.UTF_8);
        writer.write(command + "\n");
        writer.flush();
        String reply = replies.readLine();
        if (reply == null || !reply.startsWith("ok")) {
          throw new AssertionError(command + ": " + reply + "\n" + Files.readString(err));
        }
        return reply.substring(2).strip();
      } catch (IOException e) {
        throw new UncheckedIOException(command, e);
      }
    }

    /** BPF programs that the process holds; none when nothing is attached. */
    long programs() {
      return descriptors().filter(target -> target.equals("anon_inode:bpf-prog")).count();
    }

    /** Descriptors of programs, maps, links and perf events that the process holds. */
    long kernelObjects() {
      return descriptors()
          .filter(target -> target.matches("anon_inode:.*(bpf|perf_event).*"))
          .count();
    }

    private Stream<String> descriptors() {
      List<String> targets = new ArrayList<>();
      File[] links = new File("/proc/" + pid() + "/fd").listFiles();
      for (File link : links == null ? new File[0] : links) {
        try {
          targets.add(Files.readSymbolicLink(link.toPath()).toString());
        } catch (IOException e) {
          // closed meanwhile
        }
      }
      return targets.stream();
    }

    /** Ends its input, and with it the JVM. */
    Finished end() {
      try {
        process.outputWriter(StandardCharsets.UTF_8).close();
        StringBuilder rest = new StringBuilder();
        for (String line = replies.readLine(); line != null; line = replies.readLine()) {
          rest.append(line).append('\n');
        }
        awaitExit(process, err);
        return new Finished(process.exitValue(), rest.toString(), take(err));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
