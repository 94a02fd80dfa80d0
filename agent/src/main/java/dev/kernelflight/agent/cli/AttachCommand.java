package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.AgentOptions;
import dev.kernelflight.agent.attach.AttachedJvm;
import dev.kernelflight.agent.attach.CommandFailedException;
import dev.kernelflight.agent.attach.FetchedRecording;
import dev.kernelflight.agent.attach.Interruption;
import dev.kernelflight.agent.attach.JvmProcess;
import dev.kernelflight.agent.attach.OutputFile;
import dev.kernelflight.agent.attach.RemoteRecording;
import dev.kernelflight.agent.attach.TargetDirectory;
import dev.kernelflight.agent.show.Printable;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Loads the agent into a running JVM, and records for a while if asked to. */
@Command(
    name = "attach",
    description = {
      "Loads the agent into a running JVM, also one of another user (as root) or in a container.",
      "With --duration and --output it records there for a while and fetches the recording; without,"
          + " it only loads: kernel events are then in every recording of that JVM."
    },
    footer = {
      "",
      "Example: java -jar ebpf-agent.jar attach 4711 --duration 30s --output app.jfr",
      "Exit codes: 0 done, 1 failed (the reason is on standard error), 2 called wrongly, 130 ended by"
          + " Ctrl-C, with what was recorded until then."
    },
    mixinStandardHelpOptions = true)
final class AttachCommand implements Callable<Integer> {
  private static final int FAILED = 1;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "PID", description = "process id of the JVM, as it is seen here")
  private long pid;

  @Option(
      names = {"-d", "--duration"},
      paramLabel = "TIME",
      converter = Time.class,
      description = "record for so long: 30s, 5m, 1h30m; a plain number is seconds")
  private @Nullable Duration duration;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "where the recording goes, here and not in the JVM's container")
  private @Nullable Path output;

  @Option(
      names = {"-f", "--force"},
      description = "replace FILE if it exists")
  private boolean force;

  @Option(
      names = {"-s", "--settings"},
      paramLabel = "NAME|FILE",
      description =
          "JFR settings of the recording: default (if left out), profile, or a .jfc file here;"
              + " can be given more than once")
  private List<String> settings = new ArrayList<>();

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      converter = Size.class,
      defaultValue = "250m",
      description =
          "disk that the recording may take in the JVM's container, such as 500m or 2g (default: 250m,"
              + " as JFR's own); beyond it the oldest events are removed, and a line says so")
  private String maxSize = "250m";

  @Option(
      names = "--attach",
      paramLabel = "HOOK",
      description = "auto, fentry, kprobe or tracepoint: the agent's option attach")
  private @Nullable String attach;

  @Option(
      names = "--buffer",
      paramLabel = "KIND",
      description = "auto, perf or ring: the agent's option buffer")
  private @Nullable String buffer;

  @Option(
      names = "--pages",
      paramLabel = "N",
      description = "pages of each CPU's buffer: the agent's option pages")
  private @Nullable String pages;

  /** A time such as 30s; a plain number is seconds. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        Duration time =
            text.matches("\\d{1,9}")
                ? Duration.ofSeconds(Long.parseLong(text))
                : Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
        if (time.compareTo(Duration.ofSeconds(1)) >= 0) {
          return time;
        }
      } catch (DateTimeParseException | ArithmeticException e) {
        // said below
      }
      throw new TypeConversionException(
          "'" + text + "' is no time of a second or more, such as 30s, 5m, 1h30m");
    }
  }

  /** A size as JFR reads it. */
  static final class Size implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (text.matches("[1-9]\\d{0,5}[mMgG]")) {
        return text.toLowerCase(Locale.ROOT);
      }
      throw new TypeConversionException("'" + text + "' is no size such as 500m or 2g");
    }
  }

  @Override
  public Integer call() {
    String options = agentOptions();
    if ((duration == null) != (output == null)) {
      throw new ParameterException(
          spec.commandLine(), "--duration and --output are given together, or neither");
    }
    if (duration == null && (force || !settings.isEmpty())) {
      throw new ParameterException(
          spec.commandLine(), "--settings and --force need --duration and --output");
    }
    try {
      JvmProcess process = JvmProcess.of(pid);
      Duration time = duration;
      Path file = output;
      if (time == null || file == null) {
        load(process, options);
        return 0;
      }
      // until all is said: with Ctrl-C the program ends when this is closed
      try (Interruption interruption = new Interruption()) {
        return record(process, options, time, file, interruption);
      }
    } catch (CommandFailedException e) {
      return fail(e);
    }
  }

  private int fail(CommandFailedException problem) {
    spec.commandLine().getErr().println(problem.getMessage());
    return FAILED;
  }

  private String agentOptions() {
    // required: it tries at once, and whether it can trace is known before anybody waits
    StringBuilder text = new StringBuilder("required=true");
    String[][] given = {{"attach", attach}, {"buffer", buffer}, {"pages", pages}};
    for (String[] option : given) {
      if (option[1] != null) {
        text.append(',').append(option[0]).append('=').append(option[1]);
      }
    }
    try {
      AgentOptions.parse(text.toString());
      return text.toString();
    } catch (AgentOptions.BadOptionException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
    }
  }

  private void load(JvmProcess process, String options) throws CommandFailedException {
    try (TargetDirectory directory = TargetDirectory.in(process);
        AttachedJvm jvm = AttachedJvm.to(process)) {
      load(jvm, directory, options);
      out()
          .println(
              "Kernel events are in every recording of that JVM from now on; detach "
                  + pid
                  + " ends it.");
    }
  }

  private void load(AttachedJvm jvm, TargetDirectory directory, String options)
      throws CommandFailedException {
    out().println("JVM " + pid + ": " + jvm.load(directory.putAgent(), options));
  }

  private int record(
      JvmProcess process, String options, Duration time, Path file, Interruption interruption) {
    try (OutputFile target = OutputFile.create(file, force, OutputFile.OWNER_ONLY);
        TargetDirectory directory = TargetDirectory.in(process);
        AttachedJvm jvm = AttachedJvm.to(process)) {
      String jfrSettings = RemoteRecording.settings(settings, directory);
      load(jvm, directory, options);
      RemoteRecording recording =
          RemoteRecording.start(process, jvm, directory, jfrSettings + " maxsize=" + maxSize, time);
      recording.await(interruption, spec.commandLine().getErr());
      recording.fetch(target.file());
      target.finish();
      Duration missing = recording.missingAtBeginning(target.file().path());
      if (missing.isPositive()) {
        spec.commandLine()
            .getErr()
            .println(
                "the first "
                    + Math.max(missing.toSeconds(), 1)
                    + " s are missing: the recording was larger than "
                    + maxSize
                    + "; a larger --max-size keeps more, narrower --settings record less");
      }
      out()
          .println(
              file + ": " + Printable.line(FetchedRecording.summary(target.file().path(), file)));
      return 0;
    } catch (CommandFailedException e) {
      return fail(e);
    }
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
