package dev.kernelflight.agent.recording;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemIterable;
import org.openjdk.jmc.flightrecorder.CouldNotLoadRecordingException;
import org.openjdk.jmc.flightrecorder.JfrLoaderToolkit;
import org.openjdk.jmc.flightrecorder.parser.IParserExtension;
import org.openjdk.jmc.flightrecorder.parser.ParserExtensionRegistry;
import org.openjdk.jmc.flightrecorder.parser.filter.FilterExtension;
import org.openjdk.jmc.flightrecorder.parser.filter.OnLoadFilters;

/**
 * A recording in memory. Not thread-safe.
 *
 * @param items its events, as Mission Control has them
 * @param damage what part of the file could not be read and why, or null
 */
public record KernelRecording(IItemCollection items, @Nullable String damage) {
  /** Which events to load; the others take no memory. */
  public enum Scope {
    /** Those of this project. */
    KERNEL,
    /** All, those of the JVM included. */
    ALL
  }

  /** Told how far the reading is. */
  @FunctionalInterface
  public interface Progress {
    /** Bytes of the file; on the reading thread, often. */
    void read(long bytes, long of);
  }

  private static final Pattern KERNEL = Pattern.compile("kernel\\..*");

  private static final String COPY_AGAIN = "Copy the file again from where it was recorded";

  /** Held here: a logger that nobody holds forgets its level. It warns of fields that are new. */
  private static final Logger PARSER_LOG = Logger.getLogger("org.openjdk.jmc");

  static {
    PARSER_LOG.setLevel(Level.OFF);
  }

  /**
   * Reads a file.
   *
   * @throws BadRecordingException where nothing of it can be read, or no kernel event is in it
   */
  public static KernelRecording load(Path file, Scope scope, Progress progress)
      throws BadRecordingException {
    Chunks chunks = chunks(file);
    List<IParserExtension> extensions =
        new ArrayList<>(ParserExtensionRegistry.getParserExtensions());
    if (scope == Scope.KERNEL) {
      extensions.add(new FilterExtension(OnLoadFilters.includeEvents(KERNEL)));
    }
    try (InputStream in =
        new BufferedInputStream(
            new Portion(Files.newInputStream(file), chunks.bytes(), progress))) {
      KernelRecording recording =
          new KernelRecording(JfrLoaderToolkit.loadEvents(in, extensions), chunks.damage());
      recording.requireKernelEvents(file);
      return recording;
    } catch (FileSystemException e) {
      throw unreadable(file, e);
    } catch (IOException
        | CouldNotLoadRecordingException
        | RuntimeException
        | StackOverflowError e) {
      throw new BadRecordingException(
          file
              + " is damaged: Mission Control's parser says "
              + e
              + ". "
              + COPY_AGAIN
              + "; jfr summary tells what the JDK can make of it",
          e);
    }
  }

  private static Chunks chunks(Path file) throws BadRecordingException {
    if (Files.isDirectory(file)) {
      throw new BadRecordingException(
          file
              + " is a directory. The chunks of a JVM's repository become one recording by:"
              + " jfr assemble "
              + file
              + " app.jfr");
    }
    try {
      if (Files.size(file) == 0) {
        throw new BadRecordingException(
            file
                + " is empty: a recording is written when it is dumped, stopped, or the JVM exits"
                + " (jcmd PID JFR.dump filename=app.jfr)");
      }
      Chunks chunks = Chunks.of(file);
      if (chunks.count() == 0) {
        throw new BadRecordingException(file + " cannot be read: " + chunks.damage());
      }
      return chunks;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static BadRecordingException unreadable(Path file, IOException cause) {
    if (cause instanceof NoSuchFileException) {
      return new BadRecordingException("there is no file " + file, cause);
    }
    if (cause instanceof AccessDeniedException) {
      return new BadRecordingException(
          file
              + " may not be read by user "
              + System.getProperty("user.name")
              + ": run this as its owner, or let that one change its mode (chmod a+r)",
          cause);
    }
    return new BadRecordingException("cannot read " + file + ": " + cause.getMessage(), cause);
  }

  private void requireKernelEvents(Path file) throws BadRecordingException {
    boolean known = false;
    for (IItemIterable ofType : items) {
      if (KERNEL.matcher(ofType.getType().getIdentifier()).matches()) {
        known = true;
        if (ofType.hasItems()) {
          return;
        }
      }
    }
    throw new BadRecordingException(
        known
            ? file
                + " holds no kernel event, though the agent was in its JVM: either it could not"
                + " trace, which it said on standard error with the reason, or the recording's"
                + " settings had them all off"
            : file
                + " holds no kernel event, nor was the agent in its JVM: start that with"
                + " -javaagent:ebpf-agent.jar, or load the agent before the recording starts");
  }

  /** The same without what JFR itself opened, see {@link Kind#isJfrsOwn}. */
  public KernelRecording withoutJfrsOwn() {
    return new KernelRecording(
        items.apply(type -> {
          EventFields fields = new EventFields(type);
          Optional<Kind> kind = Kinds.ofEvent(type.getIdentifier());
          return item ->
              kind.filter(of -> of.isJfrsOwn(new RecordedEvent(of, fields, item))).isEmpty();
        }),
        damage);
  }

  /** How many opens it holds. */
  public int opens() {
    int count = 0;
    for (IItemIterable ofType : items) {
      if (ofType.getType().getIdentifier().equals(Kinds.OPENS.eventName())) {
        count += (int) ofType.getItemCount();
      }
    }
    return count;
  }

  /** Its kernel events, in no particular order. */
  public List<KernelEvent> events() {
    List<KernelEvent> events = new ArrayList<>();
    for (IItemIterable ofType : items) {
      EventFields fields = new EventFields(ofType.getType());
      Kinds.ofEvent(ofType.getType().getIdentifier())
          .ifPresent(
              kind -> ofType.forEach(item -> events.add(new RecordedEvent(kind, fields, item))));
    }
    return events;
  }

  /** The first bytes of a stream, counted. */
  private static final class Portion extends FilterInputStream {
    private final long size;
    private final Progress progress;
    private long read;

    Portion(InputStream in, long size, Progress progress) {
      super(in);
      this.size = size;
      this.progress = progress;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (read == size) {
        return -1;
      }
      int got = super.read(target, offset, (int) Math.min(length, size - read));
      if (got > 0) {
        read += got;
        progress.read(read, size);
      }
      return got;
    }
  }
}
