package dev.kernelflight.events;

import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * JFR's clock, read the only way there is: by beginning an event that is never committed. Any
 * thread may read it.
 */
public final class TickClock {
  /** Of an event that is registered with JFR: the others have no clock. */
  private static final @Nullable VarHandle START = EventTime.field(DrainEvent.class, "startTime");

  private TickClock() {}

  /** Now, in ticks since an unspecified moment; 0 until JFR is initialised. */
  public static long now() {
    VarHandle start = START;
    if (start == null) {
      return 0;
    }
    DrainEvent reading = new DrainEvent();
    reading.begin();
    return (long) start.get(reading);
  }
}
