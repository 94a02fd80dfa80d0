package dev.kernelflight.jmc.parser;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.flightrecorder.parser.IConstantPoolExtension;
import org.openjdk.jmc.flightrecorder.parser.IEventSink;
import org.openjdk.jmc.flightrecorder.parser.IEventSinkFactory;
import org.openjdk.jmc.flightrecorder.parser.IParserExtension;
import org.openjdk.jmc.flightrecorder.parser.ValueField;

/** The entry, found by the parser through {@code META-INF/services}. */
public final class KernelParserExtension implements IParserExtension {
  private static final String KERNEL_EVENTS = "kernel.";
  private static final String THREAD_POOL = "java.lang.Thread";

  /**
   * Joins the two methods below. The parser calls one after the other on one thread whenever it
   * begins to load a recording, and has several recordings under way at once.
   */
  private static final ThreadLocal<RecordedThreads> BEGINNING = new ThreadLocal<>();

  /** Made by the parser. */
  public KernelParserExtension() {}

  @Override
  public IEventSinkFactory getEventSinkFactory(IEventSinkFactory next) {
    RecordedThreads threads = new RecordedThreads();
    BEGINNING.set(threads);
    return new IEventSinkFactory() {
      @Override
      public IEventSink create(
          String identifier,
          String label,
          String[] category,
          String description,
          List<ValueField> fields) {
        if (!identifier.startsWith(KERNEL_EVENTS)) {
          return next.create(identifier, label, category, description, fields);
        }
        KernelEventFields kernelFields = new KernelEventFields(fields, threads);
        IEventSink sink =
            next.create(identifier, label, category, description, kernelFields.extended());
        return values -> sink.addEvent(kernelFields.extend(values));
      }

      @Override
      public void flush() {
        next.flush();
      }
    };
  }

  @Override
  public @Nullable IConstantPoolExtension createConstantPoolExtension() {
    RecordedThreads threads = BEGINNING.get();
    BEGINNING.remove();
    if (threads == null) {
      return null;
    }
    return new IConstantPoolExtension() {
      @Override
      public String getId() {
        return KernelParserExtension.class.getSimpleName();
      }

      @Override
      public Object constantRead(long index, Object constant, String pool) {
        if (pool.equals(THREAD_POOL)) {
          threads.add(constant);
        }
        return constant;
      }
    };
  }
}
