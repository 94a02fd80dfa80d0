package dev.kernelflight.agent.recording;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.TracedKind;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.IItem;

/** A kernel event of a recording. Immutable. */
final class RecordedEvent implements KernelEvent {
  private final Kind kind;
  private final EventFields fields;
  private final IItem item;
  private final long start;

  RecordedEvent(Kind kind, EventFields fields, IItem item) {
    this.kind = kind;
    this.fields = fields;
    this.item = item;
    start = number("startTime");
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public long start() {
    return start;
  }

  @Override
  public long duration() {
    return kind.isCall() ? number("duration") : -1;
  }

  @Override
  public int osThreadId() {
    return (int) number("osThreadId");
  }

  @Override
  public String thread() {
    IMCThread thread = javaThread();
    if (thread != null) {
      return thread.getThreadName();
    }
    String name = text("osThreadName");
    return name == null ? "" : name;
  }

  @Override
  public long javaThreadId() {
    IMCThread thread = javaThread();
    return thread == null || thread.getThreadId() == null ? 0 : thread.getThreadId();
  }

  /** Of what the agent tells of its own work the thread is only who wrote the event. */
  private @Nullable IMCThread javaThread() {
    return kind instanceof TracedKind ? fields.thread(item) : null;
  }

  @Override
  public @Nullable String text(String field) {
    return fields.text(item, field);
  }

  @Override
  public long number(String field) {
    return fields.number(item, field);
  }

  /** The Java thread is two fields: {@code eventThread} and {@code javaThreadId}. */
  @Override
  public void forEachField(BiConsumer<String, Object> consumer) {
    for (String name : fields.names()) {
      Object value = fields.value(item, name);
      if (name.equals("startTime")) {
        consumer.accept(name, time());
      } else if (value instanceof IMCThread thread) {
        consumer.accept(name, thread.getThreadName());
        consumer.accept("javaThreadId", thread.getThreadId());
      } else if (value != null && !name.startsWith("(")) {
        consumer.accept(name, value);
      }
    }
  }
}
