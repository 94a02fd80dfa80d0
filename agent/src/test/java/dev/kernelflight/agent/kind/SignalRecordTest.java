package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agent.kind.SignalKind.SignalRecord;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SignalRecordTest {
  /** Records lie anywhere in memory. */
  private static final int AT = 13;

  private static final int BYTES = 72;
  private static final int SIGTERM = 15;
  private static final int NO_PROCESS = 1 << 30;

  private final MemorySegment memory = MemorySegment.ofArray(new byte[128]);
  private final SignalRecord record = Kinds.SIGNALS.newRecord(new Symbols(warning -> {}));

  private void write(int pid, int code, int senderPid, int senderUid) {
    memory.set(JAVA_INT_UNALIGNED, AT, Kinds.SIGNALS.recordType());
    memory.set(JAVA_INT_UNALIGNED, AT + 4, 4242);
    memory.set(JAVA_INT_UNALIGNED, AT + 8, pid);
    memory.set(JAVA_LONG_UNALIGNED, AT + 16, 1_000L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, 1_000L);
    memory.set(JAVA_INT_UNALIGNED, AT + 56, SIGTERM);
    memory.set(JAVA_INT_UNALIGNED, AT + 60, code);
    memory.set(JAVA_INT_UNALIGNED, AT + 64, senderPid);
    memory.set(JAVA_INT_UNALIGNED, AT + 68, senderUid);
  }

  private static final class Taken implements KernelRecord.Fields {
    final Map<String, Object> fields = new HashMap<>();

    @Override
    public void text(String name, @Nullable String value) {
      if (value != null) {
        fields.put(name, value);
      }
    }

    @Override
    public void number(String name, long value) {
      fields.put(name, value);
    }
  }

  private Map<String, Object> fields() {
    assertThat(record.wrap(memory, AT, BYTES)).isTrue();
    Taken taken = new Taken();
    record.fields(taken);
    return taken.fields;
  }

  @Test
  void fromAnotherProcess() {
    write(4200, 0, NO_PROCESS, -2);
    assertThat(fields())
        .containsEntry("name", "SIGTERM")
        .containsEntry("code", "SI_USER")
        .containsEntry("senderPid", (long) NO_PROCESS)
        .containsEntry("senderUid", 4294967294L)
        .doesNotContainKey("senderName");
  }

  @Test
  void theSendersNameOnlyWhereItsNumberMeansTheSameHere() {
    int self = (int) ProcessHandle.current().pid();
    write(self, 0, self, 0);
    assertThat(fields()).containsEntry("senderName", "java");
    write(self + 1, 0, self, 0);
    assertThat(fields()).doesNotContainKey("senderName");
  }

  @Test
  void fromNoProcess() {
    write(4200, 0x80, -1, 0);
    assertThat(fields())
        .containsEntry("code", "SI_KERNEL")
        .containsEntry("senderPid", -1L)
        .containsEntry("senderUid", -1L);
  }

  @ParameterizedTest
  @CsvSource({"0, SI_USER", "-1, SI_QUEUE", "-2, SI_TIMER", "-6, SI_TKILL", "1, 1", "-77, -77"})
  void codes(int code, String text) {
    write(4200, code, -1, 0);
    assertThat(fields()).containsEntry("code", text);
  }

  @Test
  void tooShort() {
    write(4200, 0, 1, 0);
    for (int length = 0; length < BYTES; length++) {
      assertThat(record.wrap(memory.asSlice(AT, length), 0, length)).as(length + "").isFalse();
    }
  }
}
