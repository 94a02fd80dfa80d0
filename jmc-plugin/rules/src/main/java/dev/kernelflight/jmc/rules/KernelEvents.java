package dev.kernelflight.jmc.rules;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.Attribute;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemIterable;
import org.openjdk.jmc.common.item.ItemFilters;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.flightrecorder.JfrAttributes;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;

/** Names of the kernel events, and how their fields are read. */
final class KernelEvents {
  static final String FILE_OPEN = "kernel.FileOpen";
  static final String EVENTS_LOST = "kernel.EventsLost";
  static final String PROBE = "kernel.Probe";
  static final String DRAIN = "kernel.Drain";

  private static final IAttribute<String> OS_THREAD_NAME = text("osThreadName");
  private static final IAttribute<IQuantity> OS_THREAD_ID = integer("osThreadId");

  private KernelEvents() {}

  static Stream<IItem> of(IItemCollection items, String... types) {
    return items.apply(ItemFilters.type(types)).stream().flatMap(IItemIterable::stream);
  }

  // The types of attributes are those that Mission Control's parser makes of JFR's.

  static IAttribute<String> text(String field) {
    return Attribute.attr(field, field, UnitLookup.PLAIN_TEXT);
  }

  /** Of a long without a unit. */
  static IAttribute<Number> number(String field) {
    return Attribute.attr(field, field, UnitLookup.RAW_NUMBER);
  }

  /** Of an int. */
  static IAttribute<IQuantity> integer(String field) {
    return Attribute.attr(field, field, UnitLookup.NUMBER);
  }

  static IAttribute<IQuantity> timespan(String field) {
    return Attribute.attr(field, field, UnitLookup.TIMESPAN);
  }

  /** A number's value, or 0 where there is none. */
  static long value(IItem item, IAttribute<Number> number) {
    Number value = RulesToolkit.getValue(item, number);
    return value == null ? 0 : value.longValue();
  }

  /** A span of time in nanoseconds, or 0 where there is none. */
  static long nanos(IItem item, IAttribute<IQuantity> timespan) {
    IQuantity value = RulesToolkit.getValue(item, timespan);
    return value == null ? 0 : value.clampedLongValueIn(UnitLookup.NANOSECOND);
  }

  /** When it began, in nanoseconds of the epoch. */
  static long start(IItem item) {
    IQuantity time = RulesToolkit.getStartTime(item);
    return time == null ? 0 : time.clampedLongValueIn(UnitLookup.EPOCH_NS);
  }

  /** How long it took, in nanoseconds. */
  static long duration(IItem item) {
    return nanos(item, JfrAttributes.DURATION);
  }

  /** Name of the Java thread, or the kernel's name and id of another one. */
  static String threadName(IItem item) {
    IMCThread thread = RulesToolkit.getValue(item, JfrAttributes.EVENT_THREAD);
    if (thread != null && thread.getThreadName() != null) {
      return thread.getThreadName();
    }
    @Nullable String name = RulesToolkit.getValue(item, OS_THREAD_NAME);
    @Nullable IQuantity id = RulesToolkit.getValue(item, OS_THREAD_ID);
    return (name == null ? "thread" : name) + (id == null ? "" : " " + id.longValue());
  }
}
