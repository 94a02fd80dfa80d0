package dev.kernelflight.agenttests.apps;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A heap that the application fills, and empties again. */
final class FullHeap {
  private static final int LARGE = 10_000;
  private static final int SMALL = 10;
  private static final Object[] NOTHING = {};
  private static final int BETWEEN_FILLINGS = 20;

  /** What is kept, each pointing to the one before. */
  private Object[] kept = NOTHING;

  /**
   * Keeps the heap full for a while, and opens files meanwhile, each of a name of its own.
   *
   * @param prefix of the files' names
   * @return how many were opened: where there was no memory for it one was not
   */
  int openWhileFull(String prefix, int opens) {
    int made = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(LibC.STATE_BYTES, 8);
      MemorySegment[] paths = new MemorySegment[opens];
      for (int i = 0; i < opens; i++) {
        paths[i] = LibC.string(arena, prefix + i);
      }
      // whatever linking and the first collections need is had by then
      LibC.call(state, LibC.GETPPID, 0, 0);
      fill();
      kept = NOTHING;
      for (int i = 0; i < opens; i++) {
        if (i % BETWEEN_FILLINGS == 0) {
          fill();
        }
        try {
          LibC.call(state, LibC.OPENAT, LibC.AT_FDCWD, paths[i].address());
          made++;
        } catch (OutOfMemoryError e) {
          // before the call
        }
      }
      fill();
      kept = NOTHING;
    }
    return made;
  }

  private void fill() {
    fill(LARGE);
    fill(SMALL);
  }

  private void fill(int length) {
    try {
      while (true) {
        Object[] next = new Object[length];
        next[0] = kept;
        kept = next;
      }
    } catch (OutOfMemoryError e) {
      // it is full
    }
  }
}
