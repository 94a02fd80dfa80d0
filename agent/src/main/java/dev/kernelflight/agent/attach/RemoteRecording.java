package dev.kernelflight.agent.attach;

import dev.kernelflight.bpf.sys.OpenFile;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A recording in another JVM, made by its own JFR, from start to fetching it. */
public final class RemoteRecording {
  /** The recording ends by itself so long after its time, should nobody come to stop it. */
  private static final int MARGIN_SECONDS = 60;

  private static final String FILE = "recording.jfr";

  /** Where a chunk's header has nanoseconds since the epoch: HotSpot's JfrChunkWriter. */
  private static final int CHUNK_START = 32;

  private static final long NANOS = 1_000_000_000;
  private static final int MOST_LINES_OF_PROGRESS = 10;
  private static final int LEAST_SECONDS_OF_PROGRESS = 10;

  private final JvmProcess process;
  private final AttachedJvm jvm;
  private final TargetDirectory directory;
  private final String name;
  private final String file;
  private final Duration time;
  private final Instant started;

  private RemoteRecording(
      JvmProcess process,
      AttachedJvm jvm,
      TargetDirectory directory,
      String name,
      String file,
      Duration time,
      Instant started) {
    this.process = process;
    this.jvm = jvm;
    this.directory = directory;
    this.name = name;
    this.file = file;
    this.time = time;
    this.started = started;
  }

  /**
   * Starts it.
   *
   * @param settings as {@link #settings} has made them, and what else JFR.start takes
   */
  public static RemoteRecording start(
      JvmProcess process,
      AttachedJvm jvm,
      TargetDirectory directory,
      String settings,
      Duration time)
      throws CommandFailedException {
    String name = "kernelflight-" + ProcessHandle.current().pid();
    String file = directory.expect(FILE);
    String reply =
        jvm.command(
            "JFR.start name="
                + name
                + settings
                + " dumponexit=true filename="
                + file
                + " duration="
                + (time.toSeconds() + MARGIN_SECONDS)
                + "s");
    if (!reply.contains("Started recording")) {
      throw new CommandFailedException(
          "JVM "
              + process.pid()
              + " does not start a recording: "
              // a JVM that is ending closes the connection without a word
              + (reply.isEmpty() ? "it is ending" : reply));
    }
    return new RemoteRecording(process, jvm, directory, name, file, time, Instant.now());
  }

  /**
   * Settings as JFR.start wants them, having copied files to where the JVM sees them.
   *
   * @param settings names that JFR knows, or files here; none are JFR's default
   */
  public static String settings(List<String> settings, TargetDirectory directory)
      throws CommandFailedException {
    StringBuilder text = new StringBuilder();
    for (String each : settings.isEmpty() ? List.of("default") : settings) {
      text.append(" settings=").append(setting(each, directory));
    }
    return text.toString();
  }

  private static String setting(String nameOrFile, TargetDirectory directory)
      throws CommandFailedException {
    Path settings = Path.of(nameOrFile);
    if (Files.isRegularFile(settings)) {
      return directory.put(settings, "settings-" + directory.files() + ".jfc");
    }
    if (nameOrFile.matches("[A-Za-z0-9_]+")) {
      return nameOrFile;
    }
    throw new CommandFailedException("there is no settings file " + nameOrFile);
  }

  /** Waits until its time is over, the JVM ends, or Ctrl-C is pressed. */
  public void await(Interruption interruption, PrintWriter progress) {
    long seconds = time.toSeconds();
    long step = Math.max(LEAST_SECONDS_OF_PROGRESS, seconds / MOST_LINES_OF_PROGRESS);
    progress.println("recording for " + seconds + " s; Ctrl-C ends it early");
    long begun = System.nanoTime();
    long shown = 0;
    while (true) {
      long left = time.toNanos() - (System.nanoTime() - begun);
      if (left <= 0 || interruption.await(Math.min(left, TimeUnit.SECONDS.toNanos(1)))) {
        return;
      }
      if (!process.runs()) {
        progress.println("JVM " + process.pid() + " has ended, and the recording with it");
        return;
      }
      long passed = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
      if (passed / step > shown && passed < seconds) {
        shown = passed / step;
        progress.println(passed + " s of " + seconds + " s");
      }
    }
  }

  /** How much later the first chunk begins than the recording, since older ones were removed. */
  public Duration missingAtBeginning(Path fetched) throws CommandFailedException {
    try (DataInputStream in = new DataInputStream(Files.newInputStream(fetched))) {
      in.skipNBytes(CHUNK_START);
      long nanos = in.readLong();
      return Duration.between(started, Instant.ofEpochSecond(nanos / NANOS, nanos % NANOS));
    } catch (IOException e) {
      throw new CommandFailedException("the recording has no whole chunk: " + e);
    }
  }

  /** Stops it and copies it to a file here. */
  public void fetch(OpenFile target) throws CommandFailedException {
    if (process.runs()) {
      try {
        jvm.command("JFR.stop name=" + name + " filename=" + file);
      } catch (CommandFailedException e) {
        if (process.runs()) {
          throw e;
        }
        // it has written the recording as it ended
      }
    }
    directory.take(target);
  }
}
