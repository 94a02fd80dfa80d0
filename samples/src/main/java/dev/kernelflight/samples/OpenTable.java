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
import java.util.stream.IntStream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/** Prints the file opens of a recording as a table, in the order of their start. */
public final class OpenTable {
  private static final int EXIT_NO_OPENS = 3;
  private static final String GAP = "  ";
  private static final List<String> HEADER =
      List.of("TIME", "THREAD", "PATH", "FLAGS", "RESULT", "MICROS");
  private static final int THREAD = HEADER.indexOf("THREAD");
  private static final int PATH = HEADER.indexOf("PATH");
  private static final int FLAGS = HEADER.indexOf("FLAGS");
  private static final int MICROS = HEADER.indexOf("MICROS");
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

  /** One open in words, a text for each column. */
  private static List<String> row(RecordedEvent open) {
    String errno = open.getString("errno");
    return List.of(
        TIME.format(open.getStartTime()),
        printable(threadName(open)),
        printable(open.getString("path")),
        open.getString("flags"),
        errno == null ? "fd " + open.getInt("fd") : errno,
        String.format(Locale.ROOT, "%.1f", open.getDuration().toNanos() / 1000.0));
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

  /** The table and a summary; paths, flags and thread names are shortened to fit the width. */
  String text(int width) {
    StringBuilder text = new StringBuilder();
    if (!opens.isEmpty()) {
      List<List<String>> rows = new ArrayList<>(List.of(HEADER));
      opens.forEach(open -> rows.add(row(open)));
      int[] widths = widths(rows, width);
      rows.forEach(row -> append(text, row, widths));
      text.append('\n');
    }
    return text.append(summary()).append('\n').toString();
  }

  private static int[] widths(List<List<String>> rows, int width) {
    int[] widths = new int[HEADER.size()];
    for (List<String> row : rows) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    int excess = IntStream.of(widths).sum() + (widths.length - 1) * GAP.length() - width;
    excess = shrink(widths, PATH, 40, excess);
    excess = shrink(widths, FLAGS, 10, excess);
    excess = shrink(widths, THREAD, 10, excess);
    shrink(widths, PATH, 16, excess);
    return widths;
  }

  /** Takes width from a column, and returns what is still too much. */
  private static int shrink(int[] widths, int column, int least, int excess) {
    int taken = Math.clamp(excess, 0, Math.max(widths[column] - least, 0));
    widths[column] -= taken;
    return excess - taken;
  }

  private static void append(StringBuilder text, List<String> row, int[] widths) {
    StringJoiner cells = new StringJoiner(GAP, "", "\n");
    for (int column = 0; column < widths.length; column++) {
      int width = widths[column];
      String cell = row.get(column);
      if (cell.length() > width) {
        // the end of a path tells more than its beginning
        cell =
            column == PATH
                ? "…" + cell.substring(cell.length() - width + 1)
                : cell.substring(0, width - 1) + "…";
      }
      String padding = " ".repeat(width - cell.length());
      cells.add(column == MICROS ? padding + cell : cell + padding);
    }
    text.append(cells);
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
}
