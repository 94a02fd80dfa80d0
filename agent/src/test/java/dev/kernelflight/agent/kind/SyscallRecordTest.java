package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.KernelNames;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class SyscallRecordTest {
  /** Records lie anywhere in memory. */
  private static final int AT = 13;

  private final MemorySegment memory = MemorySegment.ofArray(new byte[512]);
  private final SyscallRecord record = new SyscallRecord(KernelNames.ofThisMachine());

  private void write(int detailLength) {
    memory.set(JAVA_INT_UNALIGNED, AT, Kinds.SYSCALLS.recordType());
    memory.set(JAVA_INT_UNALIGNED, AT + 4, 4242);
    memory.set(JAVA_LONG_UNALIGNED, AT + 16, 1_000L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, 1_900L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 56, -9L);
    for (int i = 0; i < SyscallRecord.ARGUMENTS; i++) {
      memory.set(JAVA_LONG_UNALIGNED, AT + 64 + 8L * i, 100L + i);
    }
    memory.set(JAVA_INT_UNALIGNED, AT + 112, 257);
    memory.set(JAVA_INT_UNALIGNED, AT + 116, detailLength);
  }

  @Test
  void everyField() {
    write(16);
    assertThat(record.wrap(memory, AT, 136)).isTrue();
    assertThat(record.tid()).isEqualTo(4242);
    assertThat(record.start()).isEqualTo(1_000);
    assertThat(record.end()).isEqualTo(1_900);
    assertThat(record.result()).isEqualTo(-9);
    assertThat(record.number()).isEqualTo(257);
    for (int i = 0; i < SyscallRecord.ARGUMENTS; i++) {
      assertThat(record.argument(i)).isEqualTo(100 + i);
    }
    assertThat(record.detailLength()).isEqualTo(16);
    assertThat(record.detailOffset()).isEqualTo(AT + 120);
  }

  @Test
  void tooShortForItselfOrItsDetail() {
    write(16);
    for (int length = 0; length < 136; length++) {
      MemorySegment noMore = memory.asSlice(AT, length);
      assertThat(record.wrap(noMore, 0, length)).as(length + " bytes").isFalse();
    }
  }

  @Test
  void aDetailThatTheKernelCouldNotRead() {
    write(-14);
    assertThat(record.wrap(memory, AT, 120)).isTrue();
    assertThat(record.detailLength()).isEqualTo(-14);
  }
}
