package dev.kernelflight.jmc.rules;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.Attribute;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemIterable;
import org.openjdk.jmc.common.item.IMemberAccessor;
import org.openjdk.jmc.common.item.ItemFilters;
import org.openjdk.jmc.common.item.ItemToolkit;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.flightrecorder.JfrAttributes;

/** Names of the kernel events, and how their fields are read. */
final class KernelEvents {
  static final String FILE_OPEN = "kernel.FileOpen";
  static final String SYSCALL = "kernel.Syscall";
  static final String STATISTICS = "kernel.SyscallStatistics";
  static final String CPU_SAMPLE = "kernel.CpuSample";
  static final String EVENTS_LOST = "kernel.EventsLost";
  static final String PROBE = "kernel.Probe";
  static final String DRAIN = "kernel.Drain";

  static final IAttribute<String> PATH = text("path");
  static final IAttribute<String> ERRNO = text("errno");
  static final IAttribute<String> NAME = text("name");

  private static final IAttribute<String> OS_THREAD_NAME = text("osThreadName");
  private static final IAttribute<IQuantity> OS_THREAD_ID = integer("osThreadId");

  private KernelEvents() {}

  static Stream<IItem> of(IItemCollection items, String... types) {
    return items.apply(ItemFilters.type(types)).stream().flatMap(IItemIterable::stream);
  }

  /** The opens of one path, which is {@link #path} of each. */
  static List<IItem> opensOf(String path, IItemCollection items) {
    return of(items, FILE_OPEN).filter(open -> path.equals(path(open))).toList();
  }

  // The types of attributes are those that Mission Control's parser makes of JFR's.

  static IAttribute<String> text(String field) {
    return Attribute.attr(field, field, UnitLookup.PLAIN_TEXT);
  }

  /** Of an int. */
  static IAttribute<IQuantity> integer(String field) {
    return Attribute.attr(field, field, UnitLookup.NUMBER);
  }

  static IAttribute<IQuantity> timespan(String field) {
    return Attribute.attr(field, field, UnitLookup.TIMESPAN);
  }

  /** A field of an event, or null where its type has none like it. */
  static <T> @Nullable T get(IItem item, IAttribute<T> attribute) {
    IMemberAccessor<T, IItem> accessor = attribute.getAccessor(ItemToolkit.getItemType(item));
    return accessor == null ? null : accessor.getMember(item);
  }

  /**
   * The Java id of the event's thread, or null where it is no Java thread. This and not the thread
   * is what joins events: Mission Control compares threads by the kernel's id, which virtual
   * threads do not have.
   */
  static @Nullable Long javaThread(IItem item) {
    IMCThread thread = get(item, JfrAttributes.EVENT_THREAD);
    Long id = thread == null ? null : thread.getThreadId();
    return id == null || id <= 0 ? null : id;
  }

  /**
   * A number, or 0 where there is none. The parser gives longs without a unit a type that it cannot
   * add up; with this plug-in's extension of the parser counts are numbers as ints are.
   */
  static long number(IItem item, String field) {
    IQuantity number = get(item, integer(field));
    if (number != null) {
      return number.longValue();
    }
    Number raw = get(item, Attribute.attr(field, field, UnitLookup.RAW_NUMBER));
    return raw == null ? 0 : raw.longValue();
  }

  /** The path of an open. */
  static String path(IItem open) {
    String path = get(open, PATH);
    return path == null ? "(unknown path)" : path;
  }

  /** A span of time in nanoseconds, or 0 where there is none. */
  static long nanos(IItem item, IAttribute<IQuantity> timespan) {
    IQuantity value = get(item, timespan);
    return value == null ? 0 : value.clampedLongValueIn(UnitLookup.NANOSECOND);
  }

  /** When it began, in nanoseconds of the epoch. */
  static long start(IItem item) {
    IQuantity time = get(item, JfrAttributes.START_TIME);
    return time == null ? 0 : time.clampedLongValueIn(UnitLookup.EPOCH_NS);
  }

  /** How long it took, in nanoseconds. */
  static long duration(IItem item) {
    return nanos(item, JfrAttributes.DURATION);
  }

  /** When it ended, in nanoseconds of the epoch. */
  static long end(IItem item) {
    return start(item) + duration(item);
  }

  /** Whether a thread of the JVM itself made the call, and not a Java thread. */
  static boolean isOfVm(IItem item) {
    IMCThread thread = get(item, JfrAttributes.EVENT_THREAD);
    boolean java = thread != null && thread.getThreadId() != null && thread.getThreadId() > 0;
    // a Java thread that ended before the chunk began has the kernel's name, too
    return get(item, OS_THREAD_NAME) != null && !java;
  }

  /** Name of the Java thread, or the kernel's name and id of another one. */
  static String threadName(IItem item) {
    IMCThread thread = get(item, JfrAttributes.EVENT_THREAD);
    if (thread != null && thread.getThreadName() != null) {
      return thread.getThreadName();
    }
    @Nullable String name = get(item, OS_THREAD_NAME);
    @Nullable IQuantity id = get(item, OS_THREAD_ID);
    return (name == null ? "thread" : name) + (id == null ? "" : " " + id.longValue());
  }
}
