package dev.kernelflight.agent.show;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Standard output for many lines: with a buffer, since that of System.out is emptied at each line,
 * and quiet where nobody reads on, as behind {@code | head}. Not thread-safe.
 */
public final class StandardOutput implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  /** Lines between two looks at whether anybody reads them. */
  private static final int LINES_AT_ONCE = 256;

  private final PrintStream out;
  private final boolean json;
  private int lines;

  private StandardOutput(PrintStream out, boolean json) {
    this.out = out;
    this.json = json;
  }

  /**
   * To be closed.
   *
   * @param json in UTF-8 whatever the locale is
   */
  public static StandardOutput open(boolean json) {
    return new StandardOutput(
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER),
            false,
            json ? StandardCharsets.UTF_8 : System.out.charset()),
        json);
  }

  /** Prints a line, whatever is in it: a terminal gets text. */
  public void line(String line) {
    out.println(json ? Printable.json(line) : Printable.line(line));
    lines++;
  }

  public void line() {
    line("");
  }

  /** Whether the reader is gone; asks from time to time only. */
  public boolean isClosed() {
    return lines % LINES_AT_ONCE == 0 && !flush();
  }

  /** Sends what there is; returns whether anybody reads on. */
  public boolean flush() {
    return !out.checkError();
  }

  @Override
  public void close() {
    out.close();
  }
}
