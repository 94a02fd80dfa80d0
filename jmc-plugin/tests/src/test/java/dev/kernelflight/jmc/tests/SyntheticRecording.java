package dev.kernelflight.jmc.tests;

import dev.kernelflight.events.CpuSampleEvent;
import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.ProbeEvent;
import dev.kernelflight.events.SignalEvent;
import dev.kernelflight.events.SyscallEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Event;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItemCollection;

/** A recording of this JVM with events that are made here and not by the kernel. */
final class SyntheticRecording implements AutoCloseable {
  /** Every kind of kernel event that there is. */
  static final List<Class<? extends Event>> EVENTS =
      List.of(
          FileOpenEvent.class,
          SyscallEvent.class,
          SyscallStatisticsEvent.class,
          SignalEvent.class,
          CpuSampleEvent.class,
          EventsLostEvent.class,
          ProbeEvent.class,
          DrainEvent.class);

  private final Recording recording = new Recording();

  SyntheticRecording() {
    EVENTS.forEach(event -> recording.enable(event).withoutThreshold());
    recording.start();
  }

  /** One event of each kind, with nothing in it. */
  static void commitOneOfEach() {
    for (Class<? extends Event> event : EVENTS) {
      try {
        event.getConstructor().newInstance().commit();
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(event.getName(), e);
      }
    }
  }

  static void commitOpen(
      String path, @Nullable Thread thread, int osThreadId, @Nullable String osThreadName) {
    FileOpenEvent open = new FileOpenEvent();
    open.path = path;
    open.thread = thread;
    open.osThreadId = osThreadId;
    open.osThreadName = osThreadName;
    open.commit();
  }

  /** Ends it, and loads it as Mission Control does. */
  IItemCollection load(Path file) throws IOException {
    recording.stop();
    recording.dump(file);
    return Recordings.load(file);
  }

  @Override
  public void close() {
    recording.close();
  }
}
