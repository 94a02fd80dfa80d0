package dev.kernelflight.agent.show;

import org.jspecify.annotations.Nullable;

/**
 * Text that somebody else wrote (a path, a thread's name, another JVM's property), made fit for a
 * terminal: nothing in it is a command to the terminal, reorders what stands beside it, or begins a
 * line that could be taken for one of ours. What does not fit becomes a backslash, x or u, and its
 * number in hexadecimal digits.
 */
public final class Printable {
  private static final int LAST_ASCII = 0x7e;
  private static final int ONE_BYTE = 0x100;
  private static final String INDENT = "  ";

  private Printable() {}

  /** One line: an end of line in it is escaped, too. */
  public static String line(@Nullable String text) {
    return text == null ? "" : escaped(text, false, false);
  }

  /** Some lines; those behind the first are indented, so that none of them looks like a message. */
  public static String message(@Nullable String text) {
    if (text == null) {
      return "";
    }
    StringBuilder message = new StringBuilder();
    for (String line : text.split("\n", -1)) {
      if (!message.isEmpty()) {
        message.append('\n').append(line.isEmpty() || line.startsWith(INDENT) ? "" : INDENT);
      }
      message.append(line(line));
    }
    return message.toString();
  }

  /** Text whose ends of line are our own. */
  public static String lines(String text) {
    return escaped(text, true, false);
  }

  /** A JSON object in one line: the same characters, escaped as JSON has it. */
  public static String json(String object) {
    return escaped(object, false, true);
  }

  private static String escaped(String text, boolean linesAllowed, boolean json) {
    int first = firstUnfit(text, linesAllowed);
    if (first < 0) {
      return text;
    }
    StringBuilder fit = new StringBuilder(text.length() + 16).append(text, 0, first);
    for (int i = first; i < text.length(); ) {
      int c = text.codePointAt(i);
      if (isFit(c) || (linesAllowed && c == '\n')) {
        fit.appendCodePoint(c);
      } else if (!json && c < ONE_BYTE) {
        fit.append(String.format("\\x%02x", c));
      } else {
        for (char unit : Character.toChars(c)) {
          fit.append(String.format("\\u%04x", (int) unit));
        }
      }
      i += Character.charCount(c);
    }
    return fit.toString();
  }

  private static int firstUnfit(String text, boolean linesAllowed) {
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      if (!isFit(c) && !(linesAllowed && c == '\n')) {
        return i;
      }
      i += Character.charCount(c);
    }
    return -1;
  }

  private static boolean isFit(int c) {
    if (c >= ' ' && c <= LAST_ASCII) {
      return true;
    }
    return switch (Character.getType(c)) {
      // FORMAT has what changes the direction of writing, and what is not to be seen at all
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
