package dev.kernelflight.agent.attach;

import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.ProcStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A JVM as /proc shows it, without asking the JVM itself: also one of another user, or in a
 * container with other process ids and another file system.
 *
 * @param pid as the caller sees it
 * @param ownPid as the process itself sees it
 * @param uid its effective user, as the caller's user namespace numbers it
 * @param gid its effective group
 * @param libjvm the JVM's library, as the process sees the file system
 * @param options given to the JVM on its command line or in its environment; what stands in
 *     argument files or came through JNI is not among them
 */
public record JvmProcess(
    long pid, long ownPid, int uid, int gid, Path libjvm, List<String> options) {
  private static final Path PROC = Path.of("/proc");
  private static final List<String> OPTION_VARIABLES =
      List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");

  private static final String JAVA = "java";
  private static final String DELETED = " (deleted)";
  private static final String LIMIT_MODULES = "--limit-modules=";

  /** Options of the launcher whose value is the next argument. */
  private static final Set<String> WITH_VALUE =
      Set.of(
          "-cp",
          "-classpath",
          "--class-path",
          "-p",
          "--module-path",
          "--upgrade-module-path",
          "--add-modules",
          "--limit-modules",
          "--add-exports",
          "--add-opens",
          "--add-reads",
          "--patch-module",
          "--enable-native-access");

  /**
   * Looks at a process.
   *
   * @throws CommandFailedException if there is none, it is no JVM, or the caller may not look
   */
  public static JvmProcess of(long pid) throws CommandFailedException {
    if (pid <= 0) {
      throw new CommandFailedException("a process id is a positive number, and not " + pid);
    }
    Path leaderProc = PROC.resolve(Long.toString(pid));
    if (!Files.isDirectory(PROC.resolve("self"))) {
      throw new CommandFailedException("there is no /proc here: this works on Linux only");
    }
    try {
      ProcStatus status = ProcStatus.of(leaderProc);
      long leader = Long.parseLong(status.field("Tgid"));
      if (leader != pid) {
        throw new CommandFailedException(
            pid + " is a thread of process " + leader + ": give that number");
      }
      Path proc = threadOf(pid).orElse(leaderProc);
      Path libjvm = libjvm(proc);
      if (libjvm == null) {
        throw new CommandFailedException(
            "process "
                + pid
                + " ("
                + status.field("Name")
                + (hasEnded(status) && proc.equals(leaderProc) ? ") has ended" : ") is no JVM")
                + "; jcmd -l lists the JVMs of this user");
      }
      return new JvmProcess(
          pid,
          lastNumber(status.field("NSpid")),
          (int) number(status.field("Uid"), 1),
          (int) number(status.field("Gid"), 1),
          libjvm,
          options(proc));
    } catch (NoSuchFileException e) {
      throw new CommandFailedException(
          HiddenProcess.byMount()
              .map(hidden -> "process " + pid + " is not to be seen, if there is one: " + hidden)
              .orElse("there is no process " + pid + "; jcmd -l lists the JVMs of this user"));
    } catch (AccessDeniedException e) {
      throw new CommandFailedException(
          "process " + pid + " may not be looked at: " + HiddenProcess.why(leaderProc));
    } catch (IOException e) {
      // a process that ends while it is looked at answers ESRCH, one that is hidden EPERM
      String why =
          String.valueOf(e.getMessage()).contains("not permitted")
              ? HiddenProcess.byMount().map(Hindrance::toString).orElse(e.toString())
              : e.toString();
      throw new CommandFailedException("process " + pid + " cannot be looked at: " + why);
    }
  }

  /**
   * Where the kernel tells of it: by its first thread, or, where that has ended, by another one.
   * The kernel keeps nothing but the status of a thread that has ended.
   */
  public Path proc() {
    return threadOf(pid).orElse(PROC.resolve(Long.toString(pid)));
  }

  private static Optional<Path> threadOf(long pid) {
    Path proc = PROC.resolve(Long.toString(pid));
    if (isRunning(proc)) {
      return Optional.of(proc);
    }
    try (Stream<Path> threads = Files.list(proc.resolve("task"))) {
      return threads
          .sorted(Comparator.comparingLong(JvmProcess::threadId))
          .filter(JvmProcess::isRunning)
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static long threadId(Path thread) {
    return Long.parseLong(thread.getFileName().toString());
  }

  private static boolean isRunning(Path thread) {
    try {
      return !hasEnded(ProcStatus.of(thread));
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean hasEnded(ProcStatus status) {
    return status.field("State").startsWith("Z") || status.field("State").startsWith("X");
  }

  /** Its file system, as the caller reaches it. */
  Path root() {
    return proc().resolve("root");
  }

  /** Whether the process runs still, be it without its first thread. */
  boolean runs() {
    return threadOf(pid).isPresent();
  }

  /**
   * The socket by which the JDK talks to it, once anybody has attached; as the caller reaches it.
   */
  Path attachSocket() {
    return root().resolve("tmp").resolve(".java_pid" + ownPid);
  }

  private static @Nullable Path libjvm(Path proc) throws IOException {
    try (Stream<String> maps = Files.lines(proc.resolve("maps"), StandardCharsets.ISO_8859_1)) {
      // deleted: its JDK was replaced since
      return maps.map(line -> line.endsWith(DELETED) ? withoutDeleted(line) : line)
          .filter(line -> line.endsWith("/libjvm.so"))
          .findFirst()
          .map(line -> Path.of(line.substring(line.indexOf('/'))))
          .orElse(null);
    } catch (java.io.UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static String withoutDeleted(String path) {
    return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
  }

  /** The program that started the JVM; only of {@code java} the arguments are the JVM's options. */
  private static String launcher(Path proc) throws IOException {
    String program = withoutDeleted(Files.readSymbolicLink(proc.resolve("exe")).toString());
    return program.substring(program.lastIndexOf('/') + 1);
  }

  /** The program that started the JVM, if that is another one than {@code java}. */
  public Optional<String> otherLauncher() {
    try {
      return Optional.of(launcher(proc())).filter(name -> !name.equals(JAVA));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static List<String> options(Path proc) throws IOException {
    List<String> options = new ArrayList<>();
    for (String variable : strings(proc.resolve("environ"))) {
      int equals = variable.indexOf('=');
      if (equals > 0 && OPTION_VARIABLES.contains(variable.substring(0, equals))) {
        options.addAll(Arrays.asList(variable.substring(equals + 1).strip().split("\\s+", -1)));
      }
    }
    List<String> arguments =
        launcher(proc).equals(JAVA) ? strings(proc.resolve("cmdline")) : List.of();
    for (int i = 1; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (!argument.startsWith("-") || argument.equals("-jar") || argument.equals("-m")) {
        break;
      }
      if (WITH_VALUE.contains(argument) && i + 1 < arguments.size()) {
        i++;
        argument += "=" + arguments.get(i);
      }
      options.add(argument);
    }
    return List.copyOf(options);
  }

  private static List<String> strings(Path file) throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    return Arrays.stream(text.split("\0", -1)).filter(part -> !part.isEmpty()).toList();
  }

  private static long number(String fields, int index) {
    return Long.parseLong(fields.split("\\s+", -1)[index]);
  }

  private static long lastNumber(String fields) {
    String[] numbers = fields.split("\\s+", -1);
    return Long.parseLong(numbers[numbers.length - 1]);
  }

  /** Whether a flag such as {@code -XX:+DisableAttachMechanism} is on. */
  public boolean flag(String name, boolean defaultValue) {
    boolean on = defaultValue;
    for (String option : options) {
      if (option.equals("-XX:+" + name)) {
        on = true;
      } else if (option.equals("-XX:-" + name)) {
        on = false;
      }
    }
    return on;
  }

  /** Whether classes outside of modules may call foreign functions without a warning. */
  public boolean allowsNativeAccess() {
    return options.stream()
        .anyMatch(option ->
            option.startsWith("--enable-native-access=")
                && List.of(option.substring(option.indexOf('=') + 1).split(",", -1))
                    .contains("ALL-UNNAMED"));
  }

  /** Whether foreign functions are denied to whom they are not allowed. */
  public boolean deniesNativeAccess() {
    return options.contains("--illegal-native-access=deny") && !allowsNativeAccess();
  }

  /** The options of an agent of ours that was there from the start. */
  public Optional<String> agent() {
    return options.stream()
        .filter(option -> option.startsWith("-javaagent:") && option.contains("ebpf-agent"))
        .findFirst();
  }

  /** What the file {@code release} of its Java runtime says of a key. */
  Optional<String> release(String key) {
    // lib/server/libjvm.so, or lib/client, …
    Path home = libjvm.resolve("../../..").normalize();
    Path file = root().resolve(Path.of("/").relativize(home)).resolve("release");
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(key + "="))
          .map(line -> line.substring(key.length() + 1).replace("\"", "").strip())
          .findFirst();
    } catch (IOException | java.io.UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /** The Java version that its runtime says it has, such as {@code 25.0.3}. */
  public Optional<String> javaVersion() {
    return release("JAVA_VERSION");
  }

  /** The number before the first dot of a version, or the one after it in {@code 1.8}. */
  public static OptionalInt feature(String version) {
    String[] parts = version.split("[^0-9]+", -1);
    try {
      int first = Integer.parseInt(parts[0]);
      return OptionalInt.of(first == 1 ? Integer.parseInt(parts[1]) : first);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return OptionalInt.empty();
    }
  }

  /** Whether its runtime lacks a module; not, where the runtime does not say. */
  public boolean lacksModule(String module) {
    boolean limited =
        options.stream()
            .filter(option -> option.startsWith(LIMIT_MODULES))
            .map(option -> option.substring(LIMIT_MODULES.length()).split(",", -1))
            .anyMatch(roots ->
                Arrays.stream(roots).noneMatch(root -> Attachability.brings(root, module)));
    Set<String> modules =
        Arrays.stream(release("MODULES").orElse("").split(" ", -1))
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toSet());
    return limited || (!modules.isEmpty() && !modules.contains(module));
  }
}
