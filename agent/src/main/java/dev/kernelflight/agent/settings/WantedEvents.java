package dev.kernelflight.agent.settings;

import dev.kernelflight.events.DrainEvent;
import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.ProbeEvent;
import java.util.List;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;

/** Which kernel events the running recordings want. Any thread may ask. */
public final class WantedEvents {
  private static final List<Class<? extends Event>> EVENTS =
      List.of(FileOpenEvent.class, EventsLostEvent.class, ProbeEvent.class, DrainEvent.class);

  private final EventType fileOpen;

  /** Makes the kernel events known to JFR. */
  public WantedEvents() {
    EVENTS.forEach(FlightRecorder::register);
    fileOpen = EventType.getEventType(FileOpenEvent.class);
  }

  /** Whether any recording runs at all. */
  public static boolean anyRecordingRuns() {
    for (Recording recording : FlightRecorder.getFlightRecorder().getRecordings()) {
      if (recording.getState() == RecordingState.RUNNING) {
        return true;
      }
    }
    return false;
  }

  /** Whether a running recording wants file opens. */
  public boolean fileOpens() {
    return fileOpen.isEnabled();
  }
}
