package dev.kernelflight.agent.show;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import java.time.Instant;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventTableTest {
  private static final Instant TIME = Instant.parse("2026-11-24T05:10:38.653123456Z");
  private static final String LONG_PATH = "/a" + "/directory".repeat(20) + "/the-file";

  private record Event(String thread, String what, String result, long duration)
      implements KernelEvent {
    @Override
    public Kind kind() {
      return Kinds.OPENS;
    }

    @Override
    public long start() {
      return TIME.getEpochSecond() * 1_000_000_000L + TIME.getNano();
    }

    @Override
    public int pid() {
      return 12;
    }

    @Override
    public int osThreadId() {
      return 4194304;
    }

    @Override
    public @Nullable String text(String field) {
      return null;
    }

    @Override
    public long number(String field) {
      return 0;
    }

    @Override
    public void forEachField(BiConsumer<String, Object> consumer) {}
  }

  private static KernelEvent line(String what) {
    return new Event("reader-1", what, "fd 25", 6_120);
  }

  @Test
  void everyColumn() {
    String text = new EventTable(true, EventTable.UNLIMITED).line(line("/etc/hosts O_RDONLY"));

    assertThat(text.split(" +", -1))
        .hasSize(9)
        .endsWith("12", "4194304", "reader-1", "/etc/hosts", "O_RDONLY", "fd", "25", "6.1");
    assertThat(text).containsPattern("^\\d\\d:\\d\\d:38\\.653123 ");
  }

  @Test
  void columnsStandBelowTheirNames() {
    for (int width : new int[] {80, 120, EventTable.UNLIMITED}) {
      EventTable table = new EventTable(true, width);
      String header = table.header();
      String text = table.line(line("/etc/hosts"));
      assertThat(text.indexOf("reader-1")).isEqualTo(header.indexOf("THREAD"));
      assertThat(text.indexOf("/etc/hosts")).isEqualTo(header.indexOf("WHAT"));
      assertThat(text.indexOf("fd 25")).isEqualTo(header.indexOf("RESULT"));
      assertThat(text).hasSameSizeAs(header);
    }
  }

  @Test
  void withoutProcesses() {
    EventTable table = new EventTable(false, 120);
    assertThat(table.header()).doesNotContain("PID");
    assertThat(table.line(line("/")).split(" +", -1)[1]).isEqualTo("4194304");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 20, 60, 80, 99, 100, 120, 200})
  void fitsTheTerminal(int width) {
    EventTable table = new EventTable(true, width);
    assertThat(table.header().length()).isLessThanOrEqualTo(width);
    assertThat(table.line(line(LONG_PATH)).length()).isLessThanOrEqualTo(width);
  }

  @Test
  void bothEndsOfAPathStay() {
    assertThat(new EventTable(true, 120).line(line(LONG_PATH)))
        .contains(" /a/direct", "…", "/the-file ");
  }

  @Test
  void whatExplainsIsCutFirst() {
    EventTable table = new EventTable(true, 100);
    assertThat(table.line(line("/etc/app/app.properties O_RDONLY|O_CLOEXEC 0640")))
        .contains(" /etc/app/app.properties O_RDON… fd 25");
    assertThat(table.line(line(LONG_PATH + " O_RDONLY"))).contains("/the-file fd 25");
    for (int length = 1; length < 60; length++) {
      String word = "x".repeat(length);
      assertThat(table.line(line(word + " O_RDONLY|O_CLOEXEC")).length()).isLessThanOrEqualTo(100);
    }
  }

  @Test
  void nothingIsCutWithoutATerminal() {
    assertThat(new EventTable(true, EventTable.UNLIMITED).line(line(LONG_PATH)))
        .contains(" " + LONG_PATH + " ");
  }

  @Test
  void controlCharactersDoNotBreakTheTable() {
    assertThat(new EventTable(true, EventTable.UNLIMITED).line(line("/a\n\u001b[31mred")))
        .contains("/a\\x0a\\x1b[31mred");
  }

  @Test
  void durations() {
    EventTable table = new EventTable(true, EventTable.UNLIMITED);
    assertThat(table.line(new Event("t", "w", "r", -1))).endsWith(" -");
    assertThat(table.line(new Event("t", "w", "r", 0))).endsWith(" 0.0");
    assertThat(table.line(new Event("t", "w", "r", 25_000_000_000L))).endsWith(" 25000000");
  }
}
