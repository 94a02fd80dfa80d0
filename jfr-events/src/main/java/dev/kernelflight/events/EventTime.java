package dev.kernelflight.events;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/**
 * The fields {@code startTime} and {@code duration} (in ticks of {@link TickClock}) that JFR adds
 * to every event class when it is loaded: what lets an event carry the kernel's time instead of the
 * time at which it was handled. A record, whose fields the JIT compiler takes for constants.
 *
 * @param start sets the one of an event, or null where this JVM's JFR adds none
 * @param duration sets the other one, likewise
 */
record EventTime(@Nullable MethodHandle start, @Nullable MethodHandle duration) {
  private static final MethodType SETTER =
      MethodType.methodType(void.class, Event.class, long.class);

  /** Those of a class. */
  static EventTime of(Class<? extends Event> event) {
    return new EventTime(setter(event, "startTime"), setter(event, "duration"));
  }

  private static @Nullable MethodHandle setter(Class<? extends Event> event, String name) {
    VarHandle field = field(event, name);
    return field == null ? null : field.toMethodHandle(VarHandle.AccessMode.SET).asType(SETTER);
  }

  /** A handle on a field that JFR added, or null where this JVM's JFR adds none. */
  static @Nullable VarHandle field(Class<? extends Event> event, String name) {
    try {
      return MethodHandles.privateLookupIn(event, MethodHandles.lookup())
          .findVarHandle(event, name, long.class);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  /** Sets both; where this JVM's JFR has no such fields, the event keeps the time of its commit. */
  void set(Event event, long startTicks, long durationTicks) {
    if (start == null || duration == null) {
      return;
    }
    try {
      start.invokeExact(event, startTicks);
      // 0 would make commit() put "now - start" there
      duration.invokeExact(event, Math.max(durationTicks, 1));
    } catch (Throwable e) {
      throw new AssertionError("setting a field throws nothing", e);
    }
  }
}
