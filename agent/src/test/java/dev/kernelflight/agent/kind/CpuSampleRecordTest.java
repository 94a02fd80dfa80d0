package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuSampleRecordTest {
  /** Records lie anywhere in memory. */
  private static final int AT = 13;

  private final MemorySegment memory = MemorySegment.ofArray(new byte[256]);
  private final CpuSampleRecord record = new CpuSampleRecord(new Symbols(warning -> {}));

  private void write(int mode, int stackLength) {
    memory.set(JAVA_INT_UNALIGNED, AT, Kinds.SAMPLES.recordType());
    memory.set(JAVA_INT_UNALIGNED, AT + 4, 4242);
    memory.set(JAVA_INT_UNALIGNED, AT + 8, 4200);
    memory.set(JAVA_LONG_UNALIGNED, AT + 16, 1_000L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, 1_000L);
    memory.set(JAVA_INT_UNALIGNED, AT + 56, 7);
    memory.set(JAVA_INT_UNALIGNED, AT + 60, mode);
    memory.set(JAVA_INT_UNALIGNED, AT + 64, stackLength);
    memory.set(JAVA_LONG_UNALIGNED, AT + 72, 0xffffffff81000010L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 80, 0xffffffff82000020L);
  }

  @Test
  void inTheKernel() {
    write(1, 16);
    assertThat(record.wrap(memory, AT, 88)).isTrue();
    assertThat(record.tid()).isEqualTo(4242);
    assertThat(record.pid()).isEqualTo(4200);
    assertThat(record.cpu()).isEqualTo(7);
    assertThat(record.inKernel()).isTrue();
    assertThat(record.frames()).isEqualTo(2);
    assertThat(record.frame(0)).isEqualTo(0xffffffff81000010L);
    assertThat(record.frame(1)).isEqualTo(0xffffffff82000020L);
  }

  @Test
  void inUserMode() {
    write(0, 0);
    assertThat(record.wrap(memory, AT, 72)).isTrue();
    assertThat(record.inKernel()).isFalse();
    assertThat(record.frames()).isZero();
  }

  @Test
  void aStackThatCouldNotBeWalked() {
    write(1, -14);
    assertThat(record.wrap(memory, AT, 72)).isTrue();
    assertThat(record.inKernel()).isTrue();
    assertThat(record.frames()).isZero();
  }

  @Test
  void tooShortForItselfOrItsStack() {
    write(1, 16);
    for (int length = 0; length < 88; length++) {
      MemorySegment noMore = memory.asSlice(AT, length);
      assertThat(record.wrap(noMore, 0, length)).as(length + " bytes").isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {17, 1 << 20, Integer.MAX_VALUE})
  void stacksThatCannotBe(int stackLength) {
    write(1, stackLength);
    assertThat(record.wrap(memory, AT, 88)).isFalse();
  }
}
