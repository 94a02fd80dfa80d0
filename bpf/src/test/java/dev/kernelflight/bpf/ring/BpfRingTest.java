package dev.kernelflight.bpf.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The test writes the memory as the kernel does; what is mapped twice it writes twice. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BpfRingTest {
  private static final int PAGE = 4096;
  private static final int CAPACITY = 4096;
  private static final int BUSY = 1 << 31;
  private static final int DISCARDED = 1 << 30;

  private final MemorySegment consumer = Arena.ofAuto().allocate(PAGE, PAGE);
  private final MemorySegment producer = Arena.ofAuto().allocate(PAGE + 2 * CAPACITY, PAGE);
  private final Records records = new Records();
  private long produced;

  private BpfRing ringAt(long position) {
    produced = position;
    consumer.set(JAVA_LONG, 0, position);
    producer.set(JAVA_LONG, 0, position);
    return new BpfRing(consumer, producer.asReadOnly(), PAGE);
  }

  private long consumed() {
    return consumer.get(JAVA_LONG, 0);
  }

  private void setByte(long position, byte value) {
    long at = PAGE + (position & (CAPACITY - 1));
    producer.set(JAVA_BYTE, at, value);
    producer.set(JAVA_BYTE, at + CAPACITY, value);
  }

  private void setHeader(long position, int header) {
    long at = PAGE + (position & (CAPACITY - 1));
    producer.set(JAVA_INT, at, header);
    producer.set(JAVA_INT, at + CAPACITY, header);
  }

  /** Writes a record, and returns its position. */
  private long write(int flags, byte[] payload) {
    long position = produced;
    setHeader(position, payload.length | flags);
    for (int i = 0; i < payload.length; i++) {
      setByte(position + 8 + i, payload[i]);
    }
    produced += (8L + payload.length + 7) / 8 * 8;
    producer.set(JAVA_LONG, 0, produced);
    return position;
  }

  @Test
  void nothing() {
    assertThat(ringAt(0).drain(records)).isZero();
    assertThat(records.seen).isEmpty();
  }

  @Test
  void everyLengthAtEveryPlace() {
    for (int length : new int[] {1, 7, 8, 64, 333, CAPACITY - 8}) {
      for (int start = 0; start < CAPACITY; start += 8) {
        BpfRing ring = ringAt(5L * CAPACITY + start);
        byte[] payload = Records.payload(start, length);
        write(0, payload);
        records.seen.clear();
        assertThat(ring.drain(records)).isEqualTo(1);
        assertThat(records.seen).containsExactly(Records.describe(payload));
        assertThat(consumed()).isEqualTo(produced);
        assertThat(ring.undecodable()).isZero();
      }
    }
  }

  @Test
  void goesOnRoundAfterRound() {
    BpfRing ring = ringAt(0);
    Random random = new Random(7);
    List<String> written = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      byte[] payload = Records.payload(i, 1 + random.nextInt(500));
      if (produced - consumed() + payload.length + 16 > CAPACITY) {
        ring.drain(records);
      }
      write(0, payload);
      written.add(Records.describe(payload));
    }
    ring.drain(records);
    assertThat(records.seen).isEqualTo(written);
    assertThat(produced).isGreaterThan(100L * CAPACITY);
  }

  @Test
  void waitsForARecordThatIsStillBeingWritten() {
    BpfRing ring = ringAt(0);
    byte[] first = Records.payload(0, 20);
    byte[] second = Records.payload(1, 30);
    byte[] third = Records.payload(2, 40);
    write(0, first);
    long busy = write(BUSY, second);
    write(0, third);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(consumed()).isEqualTo(busy);
    assertThat(ring.drain(records)).isZero();
    assertThat(consumed()).isEqualTo(busy);

    setHeader(busy, second.length);
    assertThat(ring.drain(records)).isEqualTo(2);
    assertThat(records.seen)
        .containsExactly(
            Records.describe(first), Records.describe(second), Records.describe(third));
    assertThat(ring.undecodable()).isZero();
  }

  @Test
  void skipsWhatWasDiscarded() {
    BpfRing ring = ringAt(0);
    byte[] kept = Records.payload(1, 30);
    write(DISCARDED, Records.payload(0, 20));
    write(0, kept);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).containsExactly(Records.describe(kept));
    assertThat(consumed()).isEqualTo(produced);
    assertThat(ring.undecodable()).isZero();
  }

  @Test
  void spaceIsGivenBackOnceForAllRecords() {
    BpfRing ring = ringAt(0);
    for (int i = 0; i < 3; i++) {
      write(0, Records.payload(i, 20));
    }
    ring.drain((segment, offset, length) -> assertThat(consumed()).isZero());
    assertThat(consumed()).isEqualTo(produced);
  }

  @Test
  void aHandlerThatThrowsLosesNothingButItsRecord() {
    BpfRing ring = ringAt(CAPACITY - 8);
    for (int i = 0; i < 3; i++) {
      write(0, Records.payload(i, 20));
    }
    IllegalStateException failure = new IllegalStateException("on purpose");
    assertThatThrownBy(() ->
            ring.drain((segment, offset, length) -> {
              throw failure;
            }))
        .isSameAs(failure);
    assertThat(ring.drain(records)).isEqualTo(2);
    assertThat(consumed()).isEqualTo(produced);
  }

  @ParameterizedTest
  @ValueSource(ints = {40, CAPACITY, (1 << 30) - 1})
  void lengthsThatCannotBe(int length) {
    BpfRing ring = ringAt(CAPACITY - 32);
    write(0, Records.payload(0, 8));
    long broken = write(0, Records.payload(1, 20));
    setHeader(broken, length);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(ring.undecodable()).isEqualTo(1);
    assertThat(consumed()).isEqualTo(produced);

    byte[] next = Records.payload(2, 20);
    write(0, next);
    assertThat(ring.drain(records)).isEqualTo(1);
    assertThat(records.seen).last().isEqualTo(Records.describe(next));
  }

  @ParameterizedTest
  @ValueSource(longs = {CAPACITY + 8, 1L << 40, -8, -(1L << 19), 13})
  void positionsThatCannotBe(long jump) {
    BpfRing ring = ringAt(1L << 20);
    write(0, Records.payload(0, 20));
    producer.set(JAVA_LONG, 0, consumed() + jump);
    ring.drain(records);
    ring.drain(records);
    assertThat(ring.undecodable()).isPositive();
    assertThat(records.seen).isEmpty();
  }

  @Test
  void noiseNeverHangsOrCrashes() {
    Random random = new Random(99);
    BpfRing ring = ringAt(0);
    for (int round = 0; round < 20_000; round++) {
      for (int i = 0; i < 64; i++) {
        setByte(random.nextInt(CAPACITY), (byte) random.nextInt(round % 2 == 0 ? 256 : 16));
      }
      producer.set(
          JAVA_LONG,
          0,
          random.nextInt(10) == 0
              ? random.nextLong() >>> 2
              : consumed() + random.nextInt(CAPACITY + 1));
      ring.drain((segment, offset, length) ->
          assertThat(segment.asSlice(offset, length).byteSize()).isEqualTo(length));
    }
    assertThat(ring.undecodable()).isPositive();
  }

  @Test
  void memoryThatIsNoRing() {
    assertThatThrownBy(() -> new BpfRing(consumer, producer.asSlice(0, PAGE + 6000), PAGE))
        .hasMessageContaining("3000");
  }
}
