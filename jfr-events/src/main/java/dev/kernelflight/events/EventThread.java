package dev.kernelflight.events;

import java.lang.instrument.Instrumentation;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.ValueDescriptor;

/**
 * Which of an event's threads is its {@code eventThread}: the one that made the call, not the one
 * that commits the event. The annotation {@code RemoveFields} on our events sees to that, but JDK
 * 21 does not know it, writes both, and readers take the first.
 */
public final class EventThread {
  private static final String NAME = "eventThread";
  private static final String COMMITTING = "committingThread";

  private EventThread() {}

  /**
   * Gives the committing thread another name in events of these types, where they have it.
   *
   * @throws ReflectiveOperationException if this JVM's JFR does not allow it
   */
  public static void isOfTheCall(
      List<Class<? extends Event>> events, Instrumentation instrumentation)
      throws ReflectiveOperationException {
    for (Class<? extends Event> event : events) {
      List<ValueDescriptor> threads =
          EventType.getEventType(event).getFields().stream()
              .filter(field -> field.getName().equals(NAME))
              .toList();
      if (threads.size() > 1) {
        rename(threads.get(0), instrumentation);
        FlightRecorder.register(event); // JFR describes the type once more in its files
      }
    }
  }

  private static void rename(ValueDescriptor field, Instrumentation instrumentation)
      throws ReflectiveOperationException {
    instrumentation.redefineModule(
        ValueDescriptor.class.getModule(),
        Set.of(),
        Map.of(),
        Map.of(ValueDescriptor.class.getPackageName(), Set.of(EventThread.class.getModule())),
        Set.of(),
        Map.of());
    Field name = ValueDescriptor.class.getDeclaredField("name");
    name.setAccessible(true);
    name.set(field, COMMITTING);
  }
}
