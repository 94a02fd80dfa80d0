package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.sys.Atomics;
import java.lang.foreign.MemorySegment;

/**
 * Which kernel threads run virtual threads, and where each of them keeps the id of the Java thread
 * that it runs: an array of {@code struct carrier} of {@code event.h}, in memory that the programs
 * read. Not thread-safe; to be left alone once the tracer is closed.
 */
public final class Carriers {
  static final int SLOTS = 1024;
  static final int TID = 0;
  static final int CURRENT_ID = 8;
  static final int SLOT_BYTES = 16;

  /** The size of all of it. */
  public static final int BYTES = SLOTS * SLOT_BYTES;

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
    int there = slot.get(JAVA_INT, TID);
    if (there != 0 && there != tid) {
      return false;
    }
    slot.set(JAVA_LONG, CURRENT_ID, address);
    Atomics.storeReleaseInt(slot.asSlice(TID, Integer.BYTES), tid);
    return true;
  }

  /** Forgets a thread that has ended. */
  public void remove(int tid) {
    MemorySegment slot = slot(tid);
    if (slot.get(JAVA_INT, TID) == tid) {
      Atomics.storeReleaseInt(slot.asSlice(TID, Integer.BYTES), 0);
    }
  }

  private MemorySegment slot(int tid) {
    return memory.asSlice((long) Integer.remainderUnsigned(tid, SLOTS) * SLOT_BYTES, SLOT_BYTES);
  }
}
