package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Wire;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class CarriersTest {
  private static final int TID = 4242;
  private static final int SAME_PLACE = TID + Carriers.SLOTS;
  private static final long SLOT = TID % Carriers.SLOTS * (long) Wire.Carrier.BYTES;

  private final MemorySegment memory = MemorySegment.ofArray(new long[Carriers.BYTES / Long.BYTES]);
  private final Carriers carriers = new Carriers(memory);

  private void assertSlot(int tid, long address) {
    assertThat(memory.get(JAVA_INT, SLOT)).isEqualTo(tid);
    assertThat(memory.get(JAVA_LONG, SLOT + 8)).isEqualTo(address);
  }

  @Test
  void aThreadIsWhereTheProgramsLookForIt() {
    assertThat(carriers.add(TID, 0x7f0000001000L)).isTrue();
    assertSlot(TID, 0x7f0000001000L);
  }

  @Test
  void anotherOneDoesNotTakeItsPlace() {
    assertThat(carriers.add(TID, 1)).isTrue();
    assertThat(carriers.add(SAME_PLACE, 2)).isFalse();
    assertSlot(TID, 1);
    carriers.remove(SAME_PLACE);
    assertSlot(TID, 1);
  }

  @Test
  void thePlaceOfAThreadThatEndedIsFree() {
    carriers.add(TID, 1);
    carriers.remove(TID);
    assertThat(memory.get(JAVA_INT, SLOT)).isZero();
    assertThat(carriers.add(SAME_PLACE, 2)).isTrue();
    assertSlot(SAME_PLACE, 2);
  }

  @Test
  void aLaterThreadOfTheSameIdIsElsewhereInMemory() {
    carriers.add(TID, 1);
    assertThat(carriers.add(TID, 2)).isTrue();
    assertSlot(TID, 2);
  }
}
