package dev.kernelflight.events;

import java.lang.instrument.Instrumentation;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jdk.jfr.AnnotationElement;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
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
      EventType type = EventType.getEventType(event);
      long threads =
          type.getFields().stream().filter(field -> field.getName().equals(NAME)).count();
      if (threads > 1) {
        open(instrumentation);
        renameFirst(type);
        FlightRecorder.register(event); // JFR describes the type once more in its files
      }
    }
  }

  private static void open(Instrumentation instrumentation) {
    Set<Module> us = Set.of(EventThread.class.getModule());
    instrumentation.redefineModule(
        EventType.class.getModule(),
        Set.of(),
        Map.of(),
        Map.of("jdk.jfr", us, "jdk.jfr.internal", us),
        Set.of(),
        Map.of());
  }

  /** In a list of the type's own, since JFR's description of the field is that of all events. */
  private static void renameFirst(EventType event) throws ReflectiveOperationException {
    Class<?> typeClass = Class.forName("jdk.jfr.internal.Type");
    Method typeOfEvent = accessible(EventType.class.getDeclaredMethod("getType"));
    Method typeOfField = accessible(ValueDescriptor.class.getDeclaredMethod("getType"));
    Field fields = accessible(typeClass.getDeclaredField("fields"));
    Constructor<ValueDescriptor> field =
        accessible(
            ValueDescriptor.class.getDeclaredConstructor(
                typeClass, String.class, List.class, int.class, boolean.class, String.class));

    List<ValueDescriptor> renamed = new ArrayList<>(event.getFields());
    int first = 0;
    while (!renamed.get(first).getName().equals(NAME)) {
      first++;
    }
    Object thread = typeOfField.invoke(renamed.get(first));
    List<AnnotationElement> label =
        List.of(new AnnotationElement(Label.class, "Committing Thread"));
    renamed.set(first, field.newInstance(thread, COMMITTING, label, 0, true, null));
    fields.set(typeOfEvent.invoke(event), renamed);
  }

  private static <T extends AccessibleObject> T accessible(T member) {
    member.setAccessible(true);
    return member;
  }
}
