package dev.kernelflight.agent.recording;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCFrame;
import org.openjdk.jmc.common.IMCStackTrace;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IMemberAccessor;
import org.openjdk.jmc.common.item.IType;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;

/**
 * The fields of an event type by their JFR names, as plain values: times as nanoseconds since the
 * epoch, timespans as nanoseconds, other numbers as they are. Immutable.
 */
final class EventFields {
  private final Map<String, IMemberAccessor<?, IItem>> accessors = new LinkedHashMap<>();

  EventFields(IType<IItem> type) {
    type.getAccessorKeys()
        .keySet()
        .forEach(key -> accessors.put(key.getIdentifier(), type.getAccessor(key)));
  }

  Iterable<String> names() {
    return accessors.keySet();
  }

  /** A String, Long, Double, Boolean, {@link IMCThread}, list of frames, or null. */
  @Nullable Object value(IItem item, String field) {
    IMemberAccessor<?, IItem> accessor = accessors.get(field);
    Object value = accessor == null ? null : accessor.getMember(item);
    return switch (value) {
      case null -> null;
      case IQuantity quantity -> number(quantity);
      case IMCStackTrace stack -> frames(stack);
      case IMCThread thread -> thread;
      case Number number -> number;
      case Boolean flag -> flag;
      default -> value.toString();
    };
  }

  @Nullable String text(IItem item, String field) {
    return value(item, field) instanceof String text ? text : null;
  }

  long number(IItem item, String field) {
    return value(item, field) instanceof Number number ? number.longValue() : 0;
  }

  @Nullable IMCThread thread(IItem item) {
    return value(item, "eventThread") instanceof IMCThread thread ? thread : null;
  }

  private static Number number(IQuantity quantity) {
    if (quantity.getType().equals(UnitLookup.TIMESTAMP)) {
      return quantity.clampedLongValueIn(UnitLookup.EPOCH_NS);
    }
    if (quantity.getType().equals(UnitLookup.TIMESPAN)) {
      return quantity.clampedLongValueIn(UnitLookup.NANOSECOND);
    }
    double number = quantity.doubleValue();
    return number == Math.rint(number) ? (Number) quantity.longValue() : (Number) number;
  }

  private static List<String> frames(IMCStackTrace stack) {
    List<String> frames = new ArrayList<>();
    for (IMCFrame frame : stack.getFrames()) {
      frames.add(
          frame.getMethod().getType().getFullName()
              + "."
              + frame.getMethod().getMethodName()
              + (frame.getFrameLineNumber() == null ? "" : ":" + frame.getFrameLineNumber()));
    }
    return frames;
  }
}
