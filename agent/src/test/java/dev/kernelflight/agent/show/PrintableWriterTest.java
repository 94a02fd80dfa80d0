package dev.kernelflight.agent.show;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class PrintableWriterTest {
  private final StringWriter written = new StringWriter();
  private final PrintWriter out = new PrintableWriter(new PrintWriter(written));

  @Test
  void everyWayToWriteIsEscaped() {
    out.print("a\u001b[31m");
    out.write('\u009b');
    out.write("\u202e".toCharArray());
    out.append("\u007f").append('\u001b');
    out.printf("%s|%n", "\r");
    out.flush();
    assertThat(written).hasToString("a\\x1b[31m\\x9b\\u202e\\x7f\\x1b\\x0d|\n");
  }

  @Test
  void aMessageCannotBeginALineOfItsOwn() {
    out.println("JVM 1: traced\nJVM 2: traced, too");
    out.println();
    out.flush();
    assertThat(written).hasToString("JVM 1: traced\n  JVM 2: traced, too\n\n");
  }
}
