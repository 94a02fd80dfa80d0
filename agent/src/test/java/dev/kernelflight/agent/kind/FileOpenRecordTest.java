package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.KernelNames;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileOpenRecordTest {
  private static final int PATH_MAX = 4096;

  /** Records lie anywhere in memory. */
  private static final int AT = 13;

  private final MemorySegment memory = MemorySegment.ofArray(new byte[8192]);
  private final FileOpenRecord record = new FileOpenRecord(KernelNames.ofThisMachine());

  /** Writes a record of a path, and returns its length. */
  private int write(String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    memory.set(JAVA_INT_UNALIGNED, AT, Kinds.OPENS.recordType());
    memory.set(JAVA_INT_UNALIGNED, AT + 4, 4242);
    memory.set(JAVA_INT_UNALIGNED, AT + 8, 4200);
    memory.set(JAVA_LONG_UNALIGNED, AT + 16, 1_000_000_000_001L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, 1_000_000_000_900L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 32, 1L << 40);
    MemorySegment.copy(
        MemorySegment.ofArray("GC Thread#0\0\0\0\0\0".getBytes(StandardCharsets.UTF_8)),
        0,
        memory,
        AT + 40,
        16);
    memory.set(JAVA_LONG_UNALIGNED, AT + 56, 0x80241L);
    memory.set(JAVA_INT_UNALIGNED, AT + 64, -13);
    memory.set(JAVA_INT_UNALIGNED, AT + 68, 0640);
    memory.set(JAVA_INT_UNALIGNED, AT + 72, -100);
    memory.set(JAVA_INT_UNALIGNED, AT + 76, bytes.length);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, AT + 80, bytes.length);
    memory.set(JAVA_BYTE, AT + 80 + bytes.length, (byte) 0);
    return 80 + bytes.length + 1;
  }

  @Test
  void everyField() {
    assertThat(record.wrap(memory, AT, write("/etc/hosts"))).isTrue();
    assertThat(record.tid()).isEqualTo(4242);
    assertThat(record.pid()).isEqualTo(4200);
    assertThat(record.start()).isEqualTo(1_000_000_000_001L);
    assertThat(record.end()).isEqualTo(1_000_000_000_900L);
    assertThat(record.javaThread()).isEqualTo(1L << 40);
    assertThat(record.flags()).isEqualTo(0x80241L);
    assertThat(record.result()).isEqualTo(-13);
    assertThat(record.mode()).isEqualTo(0640);
    assertThat(record.directory()).isEqualTo(-100);
    assertThat(record.pathLength()).isEqualTo(10);
    assertThat(text(record.pathOffset(), record.pathLength())).isEqualTo("/etc/hosts");
    assertThat(text(record.commOffset(), record.commLength())).isEqualTo("GC Thread#0");
  }

  private String text(long offset, int length) {
    return new String(
        record.memory().asSlice(offset, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }

  @Test
  void aThreadNameOfAllBytes() {
    int length = write("/");
    for (int i = 0; i < 16; i++) {
      memory.set(JAVA_BYTE, AT + 40 + i, (byte) 'n');
    }
    assertThat(record.wrap(memory, AT, length)).isTrue();
    assertThat(record.commLength()).isEqualTo(16);
  }

  @Test
  void theTypeOfARecord() {
    write("/");
    assertThat(FileOpenRecord.type(memory, AT, 82)).isEqualTo(Kinds.OPENS.recordType());
    assertThat(FileOpenRecord.type(memory, AT, 4)).isEqualTo(Kinds.OPENS.recordType());
    assertThat(FileOpenRecord.type(memory, AT, 3)).isZero();
    assertThat(FileOpenRecord.type(memory, AT, 0)).isZero();
  }

  @Test
  void tooShortForAnything() {
    write("");
    for (int length = 0; length < 80; length++) {
      MemorySegment noMore = memory.asSlice(AT, length);
      assertThat(record.wrap(noMore, 0, length)).as(length + " bytes").isFalse();
    }
  }

  @Test
  void tooShortForItsPath() {
    int length = write("/etc/hosts");
    for (int shorter = 80; shorter < length - 1; shorter++) {
      assertThat(record.wrap(memory, AT, shorter)).as(shorter + " bytes").isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {PATH_MAX, 1 << 20, Integer.MAX_VALUE})
  void pathLengthsThatCannotBe(int pathLength) {
    int length = write("/etc/hosts");
    memory.set(JAVA_INT_UNALIGNED, AT + 76, pathLength);
    assertThat(record.wrap(memory, AT, length)).isFalse();
  }

  @Test
  void aPathThatTheKernelCouldNotRead() {
    write("");
    memory.set(JAVA_INT_UNALIGNED, AT + 76, -14);
    assertThat(record.wrap(memory, AT, 80)).isTrue();
    assertThat(record.pathLength()).isEqualTo(-14);
  }

  @Test
  void anEndBeforeTheStart() {
    int length = write("/etc/hosts");
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, record(AT + 16) - 1);
    assertThat(record.wrap(memory, AT, length)).isFalse();
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, record(AT + 16));
    assertThat(record.wrap(memory, AT, length)).isTrue();
  }

  private long record(long offset) {
    return memory.get(JAVA_LONG_UNALIGNED, offset);
  }

  @Test
  void movesFromRecordToRecord() {
    int first = write("/first");
    assertThat(record.wrap(memory, AT, first)).isTrue();
    MemorySegment other = MemorySegment.ofArray(new byte[256]);
    MemorySegment.copy(memory, AT, other, 40, first);
    other.set(JAVA_INT_UNALIGNED, 44, 7);
    assertThat(record.wrap(other, 40, first)).isTrue();
    assertThat(record.tid()).isEqualTo(7);
    assertThat(text(record.pathOffset(), record.pathLength())).isEqualTo("/first");
  }
}
