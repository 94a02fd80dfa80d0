package dev.kernelflight.agent.show;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrintableTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"", "/etc/hosts", "a\\x1b", "\u00e4\u20ac\ud83d\ude00", "caf\u00e9 \u6f22"})
  void textStaysAsItIs(String text) {
    assertThat(Printable.line(text)).isSameAs(text);
    assertThat(Printable.message(text)).isEqualTo(text);
    assertThat(Printable.json(text)).isSameAs(text);
  }

  @Test
  void whatATerminalWouldObeyIsEscaped() {
    assertThat(Printable.line("a\u001b[31mb")).isEqualTo("a\\x1b[31mb");
    assertThat(Printable.line("\u0000\t\r\n\u007f")).isEqualTo("\\x00\\x09\\x0d\\x0a\\x7f");
    // one byte of a terminal's eight-bit commands: CSI
    assertThat(Printable.line("\u009b31m")).isEqualTo("\\x9b31m");
    // right to left, isolated, invisible, a line of its own
    assertThat(Printable.line("\u202egpj.exe")).isEqualTo("\\u202egpj.exe");
    assertThat(Printable.line("\u2066\u200b\ufeff\u2028\u2029"))
        .isEqualTo("\\u2066\\u200b\\ufeff\\u2028\\u2029");
    assertThat(Printable.line("\udb40\udc01")).isEqualTo("\\udb40\\udc01");
    assertThat(Printable.line("\ud83d")).isEqualTo("\\ud83d");
    assertThat(Printable.line(null)).isEmpty();
  }

  @Test
  void noLineOfAMessageLooksLikeAMessage() {
    assertThat(Printable.message("cannot\n  system: Linux\nKernel events work\u001b[A"))
        .isEqualTo("cannot\n  system: Linux\n  Kernel events work\\x1b[A");
    assertThat(Printable.lines("one\ntwo\r\n")).isEqualTo("one\ntwo\\x0d\n");
  }

  @Test
  void jsonStaysJson() {
    assertThat(Printable.json("{\"path\":\"\u009b\u202e\udb40\udc01\"}"))
        .isEqualTo("{\"path\":\"\\u009b\\u202e\\udb40\\udc01\"}");
  }
}
