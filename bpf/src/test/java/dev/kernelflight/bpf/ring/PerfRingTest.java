package dev.kernelflight.bpf.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The test writes the memory as the kernel does. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class PerfRingTest {
  private static final int CONTROL = 4096;
  private static final int CAPACITY = 4096;
  private static final long HEAD = 1024;
  private static final long TAIL = 1032;
  private static final int SAMPLE = 9;
  private static final int LOST = 2;

  private final MemorySegment memory = Arena.ofAuto().allocate(CONTROL + CAPACITY, 4096);
  private final Records records = new Records();
  private long head;

  private PerfRing ringAt(long position) {
    head = position;
    memory.set(JAVA_LONG, HEAD, position);
    memory.set(JAVA_LONG, TAIL, position);
    return new PerfRing(memory, CONTROL);
  }

  private void write(byte[] record) {
    for (byte b : record) {
      memory.set(JAVA_BYTE, CONTROL + (head++ & (CAPACITY - 1)), b);
    }
    memory.set(JAVA_LONG, HEAD, head);
  }

  private long tail() {
    return memory.get(JAVA_LONG, TAIL);
  }

  private static byte[] record(int type, int size, byte[] body) {
    return ByteBuffer.allocate(size)
        .order(ByteOrder.nativeOrder())
        .putInt(type)
        .putShort((short) 0)
        .putShort((short) size)
        .put(body)
        .array();
  }

  /** A sample as the kernel pads it: size word and payload together a multiple of 8. */
  private static byte[] sample(byte[] payload) {
    int raw = (4 + payload.length + 7) / 8 * 8 - 4;
    byte[] body =
        ByteBuffer.allocate(4 + raw)
            .order(ByteOrder.nativeOrder())
            .putInt(raw)
            .put(payload)
            .array();
    return record(SAMPLE, 8 + body.length, body);
  }

  /** Payloads that need no padding come out as they went in. */
  private static int unpadded(int atLeast) {
    return (atLeast + 4 + 7) / 8 * 8 - 4;
  }

  @Test
  void nothing() {
    PerfRing ring = ringAt(0);
    assertThat(ring.drain(records)).isZero();
    assertThat(records.seen).isEmpty();
    assertThat(tail()).isZero();
  }

  @Test
  void inTheOrderOfWriting() {
    PerfRing ring = ringAt(0);
    List<String> written = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      byte[] payload = Records.payload(i, unpadded(i * 20));
      write(sample(payload));
      written.add(Records.describe(payload));
    }
    assertThat(ring.drain(records)).isEqualTo(10);
    assertThat(records.seen).isEqualTo(written);
    assertThat(tail()).isEqualTo(head);
    assertThat(ring.drain(records)).isZero();
    assertThat(ring.undecodable()).isZero();
  }

  @Test
  void whatTheKernelPadsIsHandedOverToo() {
    PerfRing ring = ringAt(0);
    write(sample(new byte[] {1, 2, 3, 4, 5}));
    int[] length = new int[1];
    ring.drain((segment, offset, bytes) -> {
      length[0] = bytes;
      assertThat(segment.get(JAVA_BYTE, offset + 4)).isEqualTo((byte) 5);
    });
    assertThat(length[0]).isBetween(5, 12);
  }

  /** At every place of the ring, records that end there, wrap there, and begin there. */
  @Test
  void wrapsAnywhere() {
    for (int length : new int[] {4, 12, 100, 1004, CAPACITY - 2 * 12}) {
      for (int start = 0; start < CAPACITY; start += 8) {
        PerfRing ring = ringAt(3L * CAPACITY + start);
        byte[] payload = Records.payload(start, unpadded(length));
        write(sample(payload));
        records.seen.clear();
        assertThat(ring.drain(records)).isEqualTo(1);
        assertThat(records.seen).as("at " + start).containsExactly(Records.describe(payload));
        assertThat(tail()).isEqualTo(head);
        assertThat(ring.undecodable()).isZero();
      }
    }
  }

  @Test
  void goesOnRoundAfterRound() {
    PerfRing ring = ringAt(0);
    Random random = new Random(7);
    List<String> written = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      byte[] payload = Records.payload(i, unpadded(random.nextInt(500)));
      if (head - tail() + payload.length + 12 > CAPACITY) {
        ring.drain(records);
      }
      write(sample(payload));
      written.add(Records.describe(payload));
    }
    ring.drain(records);
    assertThat(records.seen).isEqualTo(written);
    assertThat(head).isGreaterThan(100L * CAPACITY);
  }

  @Test
  void aRingThatIsFullToTheLastByte() {
    PerfRing ring = ringAt(CAPACITY / 2);
    for (int i = 0; i < CAPACITY / 64; i++) {
      write(sample(Records.payload(i, 64 - 12)));
    }
    assertThat(head - tail()).isEqualTo(CAPACITY);
    assertThat(ring.drain(records)).isEqualTo(CAPACITY / 64);
    assertThat(tail()).isEqualTo(head);
  }

  @Test
  void recordsOfOtherTypesAreSkipped() {
    PerfRing ring = ringAt(0);
    byte[] payload = Records.payload(1, 20);
    write(record(LOST, 24, new byte[16]));
    write(sample(payload));
    write(record(77, 8, new byte[0]));
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).containsExactly(Records.describe(payload));
    assertThat(tail()).isEqualTo(head);
    assertThat(ring.undecodable()).isZero();
  }

  @Test
  void spaceIsGivenBackOnceForAllRecords() {
    PerfRing ring = ringAt(0);
    for (int i = 0; i < 3; i++) {
      write(sample(Records.payload(i, 20)));
    }
    ring.drain((segment, offset, length) -> assertThat(tail()).isZero());
    assertThat(tail()).isEqualTo(head);
  }

  @Test
  void whatIsWrittenMeanwhileWaitsForTheNextTime() {
    PerfRing ring = ringAt(0);
    write(sample(Records.payload(0, 20)));
    int drained =
        ring.drain((segment, offset, length) -> {
          records.onRecord(segment, offset, length);
          write(sample(Records.payload(1, 20)));
        });
    assertThat(drained).isEqualTo(1);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void aHandlerThatThrowsLosesNothingButItsRecord() {
    PerfRing ring = ringAt(CAPACITY - 16);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      byte[] payload = Records.payload(i, 20);
      write(sample(payload));
      expected.add(Records.describe(payload));
    }
    IllegalStateException failure = new IllegalStateException("on purpose");
    assertThatThrownBy(() ->
            ring.drain((segment, offset, length) -> {
              records.onRecord(segment, offset, length);
              if (records.seen.size() == 2) {
                throw failure;
              }
            }))
        .isSameAs(failure);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).isEqualTo(expected);
    assertThat(tail()).isEqualTo(head);
  }

  /** Of record headers: no size, less than a header, no multiple of 8, more than there is. */
  @ParameterizedTest
  @ValueSource(ints = {0, 4, 7, 9, 33, 40, 65528, 65535})
  void sizesThatCannotBe(int size) {
    PerfRing ring = ringAt(CAPACITY - 32);
    write(sample(Records.payload(0, 4)));
    long broken = head;
    write(sample(Records.payload(1, 20)));
    memory.set(JAVA_SHORT, CONTROL + ((broken + 6) & (CAPACITY - 1)), (short) size);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(ring.undecodable()).isEqualTo(1);
    assertThat(tail()).isEqualTo(head);

    byte[] next = Records.payload(2, 20);
    write(sample(next));
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).last().isEqualTo(Records.describe(next));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 21, 1 << 20, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void rawSizesThatCannotBe(int rawSize) {
    PerfRing ring = ringAt(0);
    write(sample(Records.payload(0, 20)));
    memory.set(JAVA_INT, CONTROL + 8, rawSize);
    byte[] next = Records.payload(1, 20);
    write(sample(next));
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).containsExactly(Records.describe(next));
    assertThat(ring.undecodable()).isEqualTo(1);
  }

  /** A sample of nothing but its header, in the last 8 bytes of the ring. */
  @Test
  void aSampleWithoutASize() {
    PerfRing ring = ringAt(CAPACITY - 8);
    write(record(SAMPLE, 8, new byte[0]));
    byte[] next = Records.payload(1, 20);
    write(sample(next));
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(ring.undecodable()).isEqualTo(1);
    assertThat(records.seen).containsExactly(Records.describe(next));
  }

  @ParameterizedTest
  @ValueSource(longs = {CAPACITY + 8, 1L << 40, Long.MAX_VALUE, -8, Long.MIN_VALUE, 13})
  void headsThatCannotBe(long jump) {
    PerfRing ring = ringAt(1L << 20);
    write(sample(Records.payload(0, 20)));
    memory.set(JAVA_LONG, HEAD, tail() + jump);
    ring.drain(records);
    ring.drain(records);
    assertThat(ring.undecodable()).isPositive();
    assertThat(records.seen).isEmpty();
  }

  @Test
  void noiseNeverHangsOrCrashes() {
    Random random = new Random(99);
    PerfRing ring = ringAt(0);
    for (int round = 0; round < 20_000; round++) {
      for (int i = 0; i < 64; i++) {
        memory.set(
            JAVA_BYTE,
            CONTROL + random.nextInt(CAPACITY),
            (byte) random.nextInt(round % 2 == 0 ? 256 : 32));
      }
      long now = memory.get(JAVA_LONG, TAIL);
      memory.set(
          JAVA_LONG,
          HEAD,
          random.nextInt(10) == 0 ? random.nextLong() >>> 2 : now + random.nextInt(CAPACITY + 1));
      ring.drain((segment, offset, length) ->
          assertThat(segment.asSlice(offset, length).byteSize()).isEqualTo(length));
    }
    assertThat(ring.undecodable()).isPositive();
  }

  @Test
  void memoryThatIsNoRing() {
    assertThatThrownBy(() -> new PerfRing(memory.asSlice(0, CONTROL + 3000), CONTROL))
        .hasMessageContaining("3000");
  }
}
