package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.sys.Atomics;
import java.lang.foreign.MemorySegment;

/**
 * Which kernel threads run virtual threads, and where each of them keeps the id of the Java thread
 * that it runs: an array of {@code struct carrier} of {@code event.h}, in memory that the programs
 * read. Not thread-safe; to be left alone once the session is closed.
 */
public final class Carriers {
  static final int SLOTS = Wire.TableSize.CARRIERS;

  /** The size of all of it. */
  public static final int BYTES = SLOTS * Wire.Carrier.BYTES;

  private final MemorySegment memory;

  /**
   * @param memory zeroed, of {@code carriers} of the programs
   */
  public Carriers(MemorySegment memory) {
    this.memory = memory;
  }

  /**
   * Has the records of a thread carry the id that is found in memory when they are made.
   *
   * @param tid the thread, as the process numbers it
   * @param address of a long in this process that only that thread itself writes
   * @return whether there was room: not where another thread has the place
   */
  public boolean add(int tid, long address) {
    MemorySegment slot = slot(tid);
    int there = slot.get(JAVA_INT, Wire.Carrier.TID);
    if (there != 0 && there != tid) {
      return false;
    }
    slot.set(JAVA_LONG, Wire.Carrier.CURRENT_ID, address);
    Atomics.storeReleaseInt(slot.asSlice(Wire.Carrier.TID, Integer.BYTES), tid);
    return true;
  }

  /** Forgets a thread that has ended. */
  public void remove(int tid) {
    MemorySegment slot = slot(tid);
    if (slot.get(JAVA_INT, Wire.Carrier.TID) == tid) {
      Atomics.storeReleaseInt(slot.asSlice(Wire.Carrier.TID, Integer.BYTES), 0);
    }
  }

  private MemorySegment slot(int tid) {
    return memory.asSlice(
        (long) Integer.remainderUnsigned(tid, SLOTS) * Wire.Carrier.BYTES, Wire.Carrier.BYTES);
  }
}
