package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.recording.BadRecordingException;
import dev.kernelflight.agent.recording.KernelRecording;
import dev.kernelflight.agent.recording.KernelRecording.Scope;
import dev.kernelflight.agent.show.Printable;
import dev.kernelflight.bpf.sys.Terminal;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The recording that a command is about, and its messages where that is not in order. */
final class RecordingFile {
  /** The exit code where there is nothing to show, or not all of it. */
  static final int FAILED = 1;

  /** Less is read in no time. */
  private static final long WORTH_TELLING = 64 << 20;

  @Spec(Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Parameters(paramLabel = "RECORDING", description = "a .jfr file")
  private Path path = Path.of("");

  Path path() {
    return path;
  }

  /** Reads it, and warns where it is damaged. */
  KernelRecording load(Scope scope) throws BadRecordingException {
    Meter meter = new Meter(path);
    try {
      KernelRecording recording = KernelRecording.load(path, scope, meter::show);
      meter.clear();
      if (recording.damage() != null) {
        warn(path + ": " + recording.damage() + ". Only what comes before that is used");
      }
      return recording;
    } catch (BadRecordingException e) {
      meter.clear();
      throw e;
    }
  }

  /** The exit code of a command that did its work. */
  static int exitCode(KernelRecording recording) {
    return recording.damage() == null ? 0 : FAILED;
  }

  /** As the others, where the events did not fit into memory. */
  int fail(OutOfMemoryError problem) {
    return fail(
        path
            + " needs more memory than the "
            + Runtime.getRuntime().maxMemory() / (1 << 20)
            + " MB that this JVM may use: try java -Xmx8g -jar …, or split the recording with jfr"
            + " disassemble");
  }

  /** Says why there is nothing to show, and returns the exit code for it. */
  int fail(BadRecordingException problem) {
    return fail(String.valueOf(problem.getMessage()));
  }

  int fail(String message) {
    warn(message);
    return FAILED;
  }

  void warn(String message) {
    err().println(command.name() + ": " + message);
  }

  private PrintWriter err() {
    return command.commandLine().getErr();
  }

  /** How much is read, in one line of a terminal. */
  private static final class Meter {
    private final Path path;
    private final boolean terminal = Terminal.columns().isPresent();
    private long percent;

    Meter(Path path) {
      this.path = path;
    }

    void show(long bytes, long of) {
      long now = bytes * 100 / of;
      if (terminal && of >= WORTH_TELLING && now > percent) {
        percent = now;
        tell("\rReading " + Printable.line(path.toString()) + ": " + now + " %");
      }
    }

    void clear() {
      if (percent > 0) {
        tell("\r\033[K");
      }
    }

    /** Not as a message: this moves the cursor. */
    private static void tell(String text) {
      System.err.print(text);
      System.err.flush();
    }
  }
}
