package dev.kernelflight.agent.live;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.KernelRecord;
import dev.kernelflight.agent.kind.Kind;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A kernel event of any process as it came. Immutable once it is filled.
 *
 * @param kind what it tells of
 * @param start nanoseconds since the epoch
 * @param nanos from the start to the end
 * @param pid the process
 * @param osThreadId the thread
 * @param thread the kernel's name of it
 * @param fields what only this kind has, by the names of the fields in JFR
 */
public record ObservedEvent(
    Kind kind,
    long start,
    long nanos,
    int pid,
    int osThreadId,
    String thread,
    Map<String, Object> fields)
    implements KernelEvent {

  /** Of what a record is moved to. */
  static ObservedEvent of(Kind kind, KernelRecord record, long start, String thread) {
    Map<String, Object> fields = new LinkedHashMap<>();
    record.fields(
        new KernelRecord.Fields() {
          @Override
          public void text(String name, @Nullable String value) {
            if (value != null) {
              fields.put(name, value);
            }
          }

          @Override
          public void number(String name, long value) {
            fields.put(name, value);
          }
        });
    return new ObservedEvent(
        kind, start, record.end() - record.start(), record.pid(), record.tid(), thread, fields);
  }

  @Override
  public long duration() {
    return kind.isCall() ? nanos : -1;
  }

  long end() {
    return start + nanos;
  }

  @Override
  public @Nullable String text(String field) {
    return fields.get(field) instanceof String text ? text : null;
  }

  @Override
  public long number(String field) {
    return fields.get(field) instanceof Long number ? number : 0;
  }

  @Override
  public void forEachField(BiConsumer<String, Object> consumer) {
    consumer.accept("startTime", time());
    if (kind.isCall()) {
      consumer.accept("duration", nanos);
    }
    consumer.accept("pid", pid);
    consumer.accept("osThreadId", osThreadId);
    consumer.accept("osThreadName", thread);
    fields.forEach(consumer);
  }
}
