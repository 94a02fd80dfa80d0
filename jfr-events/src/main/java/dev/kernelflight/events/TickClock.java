package dev.kernelflight.events;

import java.lang.invoke.VarHandle;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.Registered;
import org.jspecify.annotations.Nullable;

/**
 * JFR's clock, read the only way there is: by beginning an event that is never committed. Any
 * thread may read it.
 */
public final class TickClock {
  @Name("kernel.TickClock")
  @Registered(false)
  @Enabled(false)
  private static final class Reading extends Event {
    private static final @Nullable VarHandle START = EventTime.field(Reading.class, "startTime");
  }

  private TickClock() {}

  /** Now, in ticks since an unspecified moment; 0 until JFR is initialised. */
  public static long now() {
    VarHandle start = Reading.START;
    if (start == null) {
      return 0;
    }
    Reading reading = new Reading();
    reading.begin();
    return (long) start.get(reading);
  }
}
