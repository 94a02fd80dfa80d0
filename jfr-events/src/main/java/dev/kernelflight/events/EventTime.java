package dev.kernelflight.events;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/**
 * Access to the fields {@code startTime} and {@code duration} (in ticks of JFR's clock) that JFR
 * adds to every event class when it is loaded: what lets an event carry the kernel's time instead
 * of the time at which it was handled.
 */
final class EventTime {
  private EventTime() {}

  /** A handle on a field that JFR added, or null where this JVM's JFR adds none. */
  static @Nullable VarHandle field(Class<? extends Event> event, String name) {
    try {
      return MethodHandles.privateLookupIn(event, MethodHandles.lookup())
          .findVarHandle(event, name, long.class);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }
}
