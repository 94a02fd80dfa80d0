package dev.kernelflight.agent.show;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/**
 * Where commands write messages: whatever they hold, a terminal gets text and ends of line. Also
 * what a message quotes cannot begin a line of its own, since lines behind the first are indented.
 */
public final class PrintableWriter extends PrintWriter {
  public PrintableWriter(PrintWriter out) {
    super(out, true);
  }

  @Override
  public void println(@Nullable String message) {
    super.println(Printable.message(message));
  }

  @Override
  public void println(@Nullable Object message) {
    println(String.valueOf(message));
  }

  @Override
  public void write(String text, int offset, int length) {
    String fit = Printable.lines(text.substring(offset, offset + length));
    super.write(fit, 0, fit.length());
  }

  @Override
  public void write(char[] text, int offset, int length) {
    write(new String(text, offset, length), 0, length);
  }

  @Override
  public void write(int c) {
    write(Character.toString((char) c), 0, 1);
  }
}
