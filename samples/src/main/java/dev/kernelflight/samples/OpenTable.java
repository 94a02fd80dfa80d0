package dev.kernelflight.samples;

import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.StringJoiner;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/** Prints the file opens of a recording as a table, in the order of their start. */
public final class OpenTable {
  private static final int EXIT_NO_OPENS = 3;
  private static final int LEAST_PATH_WIDTH = 20;
  private static final String GAP = "  ";
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS", Locale.ROOT).withZone(ZoneId.systemDefault());

  private final List<RecordedEvent> opens = new ArrayList<>();
  private long lost;
  private @Nullable RecordedEvent probe;

  OpenTable(Path recording) throws IOException {
    try (RecordingFile file = new RecordingFile(recording)) {
      while (file.hasMoreEvents()) {
        RecordedEvent event = file.readEvent();
        switch (event.getEventType().getName()) {
          case "kernel.FileOpen" -> opens.add(event);
          case "kernel.EventsLost" -> lost += event.getLong("count");
          case "kernel.Probe" -> probe = event;
          default -> {
            // not the kernel's
          }
        }
      }
    }
    opens.sort(Comparator.comparing(RecordedEvent::getStartTime));
  }

  /** One open in words. */
  private record Row(
      String time, String thread, String path, String flags, String result, String duration) {
    static final Row HEADER = new Row("TIME", "THREAD", "PATH", "FLAGS", "RESULT", "MICROS");

    static Row of(RecordedEvent open) {
      String errno = open.getString("errno");
      return new Row(
          TIME.format(open.getStartTime()),
          printable(threadName(open)),
          printable(open.getString("path")),
          open.getString("flags"),
          errno == null ? "fd " + open.getInt("fd") : errno,
          String.format(Locale.ROOT, "%.1f", open.getDuration().toNanos() / 1000.0));
    }
  }

  /**
   * Prints a recording. The exit code is 3 if it holds no file open.
   *
   * @param arguments the recording, and perhaps the width to fit the table to
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 1 || arguments.length > 2) {
      System.err.println("Usage: OpenTable RECORDING [WIDTH]");
      System.exit(2);
    }
    OpenTable table = new OpenTable(Path.of(arguments[0]));
    int width = arguments.length == 2 ? Integer.parseInt(arguments[1]) : Integer.MAX_VALUE;
    System.out.print(table.text(width));
    if (table.opens.isEmpty()) {
      System.exit(EXIT_NO_OPENS);
    }
  }

  /** The table and a summary; paths are shortened to fit the width. */
  String text(int width) {
    StringBuilder text = new StringBuilder();
    if (!opens.isEmpty()) {
      List<Row> rows = new ArrayList<>(List.of(Row.HEADER));
      opens.forEach(open -> rows.add(Row.of(open)));
      append(text, rows, width);
      text.append('\n');
    }
    return text.append(summary()).append('\n').toString();
  }

  private static void append(StringBuilder text, List<Row> rows, int width) {
    int time = longest(rows.stream().map(Row::time).toList());
    int thread = longest(rows.stream().map(Row::thread).toList());
    int flags = longest(rows.stream().map(Row::flags).toList());
    int result = longest(rows.stream().map(Row::result).toList());
    int duration = longest(rows.stream().map(Row::duration).toList());
    int others = time + thread + flags + result + duration + 5 * GAP.length();
    int path =
        Math.min(
            longest(rows.stream().map(Row::path).toList()),
            Math.max(LEAST_PATH_WIDTH, width - others));
    for (Row row : rows) {
      text.append(
          new StringJoiner(GAP, "", "\n")
              .add(left(row.time, time))
              .add(left(row.thread, thread))
              .add(left(shortened(row.path, path), path))
              .add(left(row.flags, flags))
              .add(left(row.result, result))
              .add(right(row.duration, duration)));
    }
  }

  private String summary() {
    long failed = opens.stream().filter(open -> open.getString("errno") != null).count();
    long threads = opens.stream().mapToInt(open -> open.getInt("osThreadId")).distinct().count();
    return String.format(
        Locale.ROOT,
        "%d opens, %d failed, by %d threads, %d lost; hook: %s",
        opens.size(),
        failed,
        threads,
        lost,
        hook());
  }

  private String hook() {
    RecordedEvent seen = probe;
    if (seen == null) {
      return "none";
    }
    String target = seen.getString("target");
    return seen.getString("hook") + (target == null ? "" : " (" + target + ")");
  }

  private static String threadName(RecordedEvent open) {
    RecordedThread thread = open.getThread("eventThread");
    return Objects.requireNonNullElse(
        thread == null ? open.getString("osThreadName") : thread.getJavaName(),
        String.valueOf(open.getInt("osThreadId")));
  }

  /** A name may hold anything but NUL, and must not break the table. */
  private static String printable(String text) {
    StringBuilder printable = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          if (Character.isISOControl(c)) {
            printable.append(String.format("\\x%02x", c));
          } else {
            printable.appendCodePoint(c);
          }
        });
    return printable.toString();
  }

  /** The end of a path tells more than its beginning. */
  private static String shortened(String path, int width) {
    return path.length() <= width ? path : "…" + path.substring(path.length() - width + 1);
  }

  private static int longest(List<String> texts) {
    return texts.stream().mapToInt(String::length).max().orElse(0);
  }

  private static String left(String text, int width) {
    return text + " ".repeat(width - text.length());
  }

  private static String right(String text, int width) {
    return " ".repeat(width - text.length()) + text;
  }
}
