package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Wire;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordSplitterTest {
  /** Where the batch begins: as in a ring, not aligned. */
  private static final int BEGIN = 12;

  private record Part(long offset, int length) {}

  private final MemorySegment memory = MemorySegment.ofArray(new byte[8192]);
  private final RecordSplitter splitter = new RecordSplitter();
  private final List<Part> parts = new ArrayList<>();
  private int length;

  @BeforeEach
  void takeParts() {
    splitter.setHandler((from, offset, bytes) -> parts.add(new Part(offset, bytes)));
  }

  private void record(int size) {
    record(size, size);
  }

  private void record(int size, int saidToBe) {
    memory.set(JAVA_INT_UNALIGNED, BEGIN + length + Wire.Event.SIZE, saidToBe);
    length += size;
  }

  @Test
  void oneBehindTheOther() {
    record(56);
    record(128);
    record(4176);
    splitter.onRecord(memory, BEGIN, length);
    assertThat(parts)
        .containsExactly(
            new Part(BEGIN, 56), new Part(BEGIN + 56, 128), new Part(BEGIN + 56 + 128, 4176));
    assertThat(splitter.undecodable()).isZero();
  }

  @Test
  void thePaddingOfAPerfBuffer() {
    record(64);
    splitter.onRecord(memory, BEGIN, length + 4);
    assertThat(parts).containsExactly(new Part(BEGIN, 64));
    assertThat(splitter.undecodable()).isZero();
  }

  @Test
  void nothing() {
    splitter.onRecord(memory, BEGIN, 0);
    assertThat(parts).isEmpty();
    assertThat(splitter.undecodable()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -8, Integer.MIN_VALUE, Integer.MAX_VALUE, 8, 48, 57, 60, 72})
  void aSizeThatCannotBe(int size) {
    record(64);
    record(64, size);
    splitter.onRecord(memory, BEGIN, length);
    assertThat(parts).containsExactly(new Part(BEGIN, 64));
    assertThat(splitter.undecodable()).isEqualTo(1);

    // the next batch is another one
    splitter.onRecord(memory, BEGIN, 64);
    assertThat(parts).hasSize(2);
  }

  @Test
  void lessThanAHeader() {
    record(64);
    splitter.onRecord(memory, BEGIN, length + 48);
    assertThat(parts).containsExactly(new Part(BEGIN, 64));
    assertThat(splitter.undecodable()).isEqualTo(1);
  }

  @Test
  void garbageEndsAndStaysInside() {
    Random random = new Random(1);
    byte[] garbage = new byte[8192];
    for (int round = 0; round < 2000; round++) {
      random.nextBytes(garbage);
      for (int at = 0; round % 2 == 0 && at + 16 < garbage.length; at += 56) {
        // often a size that may be one
        garbage[at + 13] = garbage[at + 14] = garbage[at + 15] = 0;
      }
      MemorySegment.copy(garbage, 0, memory, JAVA_BYTE, 0, garbage.length);
      parts.clear();
      int bytes = random.nextInt(8192 - BEGIN);
      splitter.onRecord(memory, BEGIN, bytes);
      assertThat(parts)
          .allMatch(part -> part.offset >= BEGIN && part.offset + part.length <= BEGIN + bytes);
    }
    assertThat(splitter.undecodable()).isPositive();
  }
}
