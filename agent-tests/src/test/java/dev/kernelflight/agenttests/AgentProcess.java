package dev.kernelflight.agenttests;

import dev.kernelflight.agenttests.apps.Restricted;
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
public final class AgentProcess {
  /** Every message of the agent begins with it. */
  static final String PREFIX = "Kernel Flight Recorder: ";

  /** The kernel's name of the agent's thread: the JVM cuts what is longer, since 26 the middle. */
  public static final String THREAD =
      Runtime.version().feature() < 26 ? "Kernel Flight R" : "Kernel ..corder";

  private static final String JAR_PROPERTY = "kernelflight.agent.jar";
  private static final long TIMEOUT_SECONDS = 900;

  private final @Nullable Class<?> main;
  private final List<String> arguments;
  private final List<String> before = new ArrayList<>();
  private final List<String> jvmOptions =
      new ArrayList<>(
          List.of("-XX:TieredStopAtLevel=1", "-Xlog:jfr+startup=off", "-Dstdout.encoding=UTF-8"));
  private final List<String> otherAgents = new ArrayList<>();
  private boolean nativeAccess = true;
  private @Nullable String agentOptions = "";

  private AgentProcess(@Nullable Class<?> main, List<String> arguments) {
    this.main = main;
    this.arguments = arguments;
  }

  /** A JVM with this main class and these arguments. */
  public static AgentProcess of(Class<?> main, Object... arguments) {
    return new AgentProcess(main, Stream.of(arguments).map(Object::toString).toList());
  }

  /** {@code java -jar ebpf-agent.jar} with these arguments. */
  static AgentProcess command(Object... arguments) {
    return new AgentProcess(null, Stream.of(arguments).map(Object::toString).toList());
  }

  /** The agent's options; none are the default. */
  public AgentProcess agent(String options) {
    agentOptions = options;
    return this;
  }

  public AgentProcess withoutAgent() {
    agentOptions = null;
    return this;
  }

  public AgentProcess jvm(String... options) {
    Collections.addAll(jvmOptions, options);
    return this;
  }

  /** Loads another agent, after this one. */
  AgentProcess otherAgent(Path otherAgent) {
    otherAgents.add("-javaagent:" + otherAgent);
    return this;
  }

  /** Leaves out {@code --enable-native-access}, which is there otherwise. */
  AgentProcess withoutNativeAccess() {
    nativeAccess = false;
    return this;
  }

  /** Records from the start to the exit of the JVM, with the settings that users start with. */
  public AgentProcess recordingTo(Path file) {
    return recordingTo(file, "");
  }

  /** The same with more of that option, each with a comma before it. */
  public AgentProcess recordingTo(Path file, String settings) {
    return jvm("-XX:StartFlightRecording:dumponexit=true,filename=" + file + settings);
  }

  /** Runs the JVM by means of another command. */
  public AgentProcess under(List<String> command) {
    before.addAll(command);
    return this;
  }

  /** Runs it to its end with an empty standard input. */
  public Finished run() {
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
    if (main == null) {
      command.addAll(jar());
      command.addAll(arguments);
      return command;
    }
    if (nativeAccess) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    if (agentOptions != null) {
      command.add("-javaagent:" + agentJar() + (agentOptions.isEmpty() ? "" : "=" + agentOptions));
    }
    command.addAll(otherAgents);
    command.addAll(List.of("-cp", classPath(main), main.getName()));
    command.addAll(arguments);
    return command;
  }

  /**
   * The command that gives up something before another program runs, to stand before it.
   *
   * @param restriction as {@link Restricted} wants it
   */
  static List<String> restricted(List<String> restriction) {
    List<String> command =
        new ArrayList<>(
            List.of(
                java().toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath(),
                Restricted.class.getName()));
    command.addAll(restriction);
    return command;
  }

  /** The command that becomes user 1000 with these capabilities and no others. */
  static List<String> user(String... capabilities) {
    StringBuilder all = new StringBuilder("-all");
    for (String capability : capabilities) {
      all.append(",+").append(capability);
    }
    return List.of(
        "setpriv",
        "--reuid=1000",
        "--regid=1000",
        "--clear-groups",
        "--inh-caps=" + all,
        "--ambient-caps=" + all);
  }

  /** The words that start the jar itself, whose manifest allows foreign functions from 22 on. */
  static List<String> jar() {
    List<String> words = new ArrayList<>();
    if (Runtime.version().feature() < 22) {
      words.add("--enable-native-access=ALL-UNNAMED");
    }
    words.addAll(List.of("-jar", agentJar().toString()));
    return words;
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
    return classPath(AgentProcess.class);
  }

  private static String classPath(Class<?> main) {
    try {
      return Path.of(main.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toAbsolutePath()
          .toString();
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits until a process has loaded a library. */
  static void awaitLibrary(long pid, String library) {
    awaitUntil(
        () -> Files.readString(Path.of("/proc/" + pid + "/maps")).contains(library),
        () -> "process " + pid + " does not load " + library);
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private static void awaitUntil(Reading<Boolean> condition, Reading<String> failure) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    try {
      while (!condition.read()) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError(failure.read());
        }
        TimeUnit.MILLISECONDS.sleep(20);
      }
    } catch (IOException | InterruptedException e) {
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
  public record Finished(int exitCode, String out, String err) {
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
      deleteSocket(process.pid());
    }

    /**
     * Deletes the socket by which a JVM of that id was attached to. It outlives a JVM that is
     * killed, and then nobody can attach to one of another user that has got the same id.
     */
    private static void deleteSocket(long pid) {
      try {
        Files.deleteIfExists(socket(pid));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static Path socket(long pid) {
      return Path.of("/tmp/.java_pid" + pid);
    }

    /** Of the JVM, also where another command runs it; as it is numbered here. */
    long pid() {
      return process
          .descendants()
          .reduce((outer, inner) -> inner)
          .map(ProcessHandle::pid)
          .orElse(process.pid());
    }

    /** Whether the JVM still runs. */
    boolean isAlive() {
      return process.isAlive();
    }

    /** The kernel's names of its threads. */
    List<String> threads() {
      List<String> names = new ArrayList<>();
      File[] tasks = new File("/proc/" + pid() + "/task").listFiles();
      for (File task : tasks == null ? new File[0] : tasks) {
        try {
          names.add(Files.readString(task.toPath().resolve("comm")).strip());
        } catch (IOException e) {
          // ended meanwhile
        }
      }
      return names;
    }

    /** Waits until it has printed something on its standard error. */
    void awaitErr(String text) {
      awaitUntil(
          () -> Files.readString(err).contains(text) || !process.isAlive(),
          () -> "no \"" + text + "\" in: " + Files.readString(err));
    }

    /** Waits until it runs far enough to be attached to. */
    void awaitLibrary(String library) {
      AgentProcess.awaitLibrary(pid(), library);
    }

    /** Waits until its first thread is in a state, as proc(5) has it. */
    void awaitState(String state) {
      awaitUntil(
          () ->
              Files.readString(Path.of("/proc/" + pid() + "/status")).contains("State:\t" + state),
          () -> "the process is not in state " + state);
    }

    /** Sends the JVM a signal, by its name. */
    void signal(String name) {
      try {
        new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
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
        return await();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Waits until it has ended by itself. */
    Finished await() {
      try {
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
      long pid = pid();
      try {
        process.destroyForcibly().waitFor();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      deleteSocket(pid);
    }
  }
}
