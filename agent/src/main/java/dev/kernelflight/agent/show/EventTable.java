package dev.kernelflight.agent.show;

import dev.kernelflight.agent.kind.KernelEvent;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * Kernel events as a table, one a line, made as they come: so the widths of the columns are fixed
 * beforehand. On a terminal a line is as wide as that, elsewhere nothing is cut. Not thread-safe.
 */
public final class EventTable {
  /** The width where there is no terminal: nothing is cut. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  private static final int NARROW = 100;
  private static final int ID = 7;
  private static final int RESULT = 10;
  private static final int DURATION = 9;
  private static final int LEAST_WHAT = 16;
  private static final int USUAL_WHAT = 60;
  private static final double EXACT_MICROS = 1e6;

  private final boolean processes;
  private final DateTimeFormatter timeFormat;
  private final int width;
  private final int timeWidth;
  private final int threadWidth;
  private final int whatWidth;

  /**
   * @param processes whether there is a column for the process
   * @param width columns of the terminal, or {@link #UNLIMITED}
   */
  public EventTable(boolean processes, int width) {
    this.processes = processes;
    this.width = width;
    boolean narrow = width < NARROW;
    timeFormat =
        DateTimeFormatter.ofPattern(narrow ? "HH:mm:ss.SSS" : "HH:mm:ss.SSSSSS", Locale.ROOT)
            .withZone(ZoneId.systemDefault());
    timeWidth = narrow ? 12 : 15;
    threadWidth = width == UNLIMITED ? 20 : narrow ? 10 : 15;
    int others =
        timeWidth + (processes ? ID + 1 : 0) + ID + threadWidth + RESULT + DURATION + 5 /* gaps */;
    whatWidth = width == UNLIMITED ? USUAL_WHAT : Math.max(width - others, LEAST_WHAT);
  }

  /** The names of the columns. */
  public String header() {
    return line("TIME", "PID", "TID", "THREAD", "WHAT", "RESULT", "MICROS");
  }

  /** An event; the line has no end-of-line. */
  public String line(KernelEvent event) {
    return line(
        timeFormat.format(event.time()),
        Integer.toString(event.pid()),
        Integer.toString(event.osThreadId()),
        Printable.line(event.thread()),
        Printable.line(event.what()),
        Printable.line(event.result()),
        micros(event.duration()));
  }

  private String line(
      String time,
      String process,
      String tid,
      String thread,
      String what,
      String result,
      String duration) {
    StringBuilder line = new StringBuilder();
    left(line, time, timeWidth);
    if (processes) {
      right(line, process, ID);
    }
    right(line, tid, ID);
    left(line, thread, threadWidth);
    left(line, what, whatWidth);
    left(line, result, RESULT);
    right(line, duration, DURATION);
    // the last gap, and what a terminal that is too narrow even for the least cannot show
    line.setLength(Math.min(line.length() - 1, width));
    return line.toString();
  }

  private void left(StringBuilder line, String cell, int cellWidth) {
    String fitting = width == UNLIMITED ? cell : shortened(cell, cellWidth);
    line.append(fitting).repeat(' ', Math.max(cellWidth - fitting.length(), 0) + 1);
  }

  private static void right(StringBuilder line, String cell, int cellWidth) {
    line.repeat(' ', Math.max(cellWidth - cell.length(), 0)).append(cell).append(' ');
  }

  /**
   * A text that fits: the first word is what matters, the rest explains. Of a word that does not
   * fit both ends stay: the end of a path tells more than its middle.
   */
  public static String shortened(String text, int most) {
    if (text.length() <= most) {
      return text;
    }
    int space = text.indexOf(' ');
    if (space >= 0 && space < most) {
      return text.substring(0, most - 1) + "…";
    }
    String word = space < 0 ? text : text.substring(0, space);
    if (word.length() == most) {
      return word;
    }
    int start = most / 3;
    return word.substring(0, start) + "…" + word.substring(word.length() - (most - start - 1));
  }

  private static String micros(long nanos) {
    double micros = nanos / 1000.0;
    return nanos < 0
        ? "-"
        : String.format(Locale.ROOT, micros < EXACT_MICROS ? "%.1f" : "%.0f", micros);
  }
}
