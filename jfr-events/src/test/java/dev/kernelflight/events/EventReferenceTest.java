package dev.kernelflight.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.SettingDescriptor;
import jdk.jfr.Timespan;
import jdk.jfr.ValueDescriptor;
import org.junit.jupiter.api.Test;

/** Holds docs/events.md to what the event classes say. */
class EventReferenceTest {
  private static final Path REFERENCE = Path.of("..", "docs", "events.md");
  private static final String REGENERATE =
      "mvn -pl jfr-events test -Dtest=EventReferenceTest -Ddocs=write";

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

  @Test
  void isWhatTheClassesSay() throws IOException {
    String reference = reference();
    if ("write".equals(System.getProperty("docs"))) {
      Files.writeString(REFERENCE, reference);
    }

    assertThat(REFERENCE)
        .as("docs/events.md, to be written again by: " + REGENERATE)
        .hasContent(reference);
  }

  @Test
  void isOfAllEvents() throws IOException, URISyntaxException {
    Path classes =
        Path.of(DrainEvent.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.list(classes.resolve("dev/kernelflight/events"))) {
      List<String> events =
          files
              .map(file -> file.getFileName().toString())
              .filter(
                  name -> name.endsWith("Event.class") && !name.equals("FailingCallEvent.class"))
              .map(name -> name.replace(".class", ""))
              .toList();
      assertThat(EVENTS)
          .extracting(event -> event.getSimpleName())
          .containsExactlyInAnyOrderElementsOf(events);
    }
  }

  @Test
  void saysWhatEachFieldMeans() {
    assertThat(EVENTS)
        .flatExtracting(EventReferenceTest::ownFields)
        .allSatisfy(field -> assertThat(field.getDescription()).as(field.getName()).isNotBlank());
  }

  private static String reference() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        # Events

        <!-- Generated from the classes in jfr-events by: %s -->

        All are in the JFR category `Kernel`. All but `kernel.CpuSample` are in every recording
        unless its settings say otherwise; those are changed as of any other event, for example by
        `-XX:StartFlightRecording:+kernel.FileOpen#enabled=false`. The plus is for events that the
        recording's .jfc file does not name.

        `startTime` and `duration` of `kernel.FileOpen` and `kernel.Syscall` are the kernel's own,
        from the entry of the call to its return; so is `startTime` of a `kernel.CpuSample`. Of the
        other events `startTime` is when the agent made them, and `eventThread`, where it is not
        among the fields below, the thread that it did so on. None has a stack trace.
        """
            .formatted(REGENERATE));
    for (Class<? extends Event> event : EVENTS) {
      append(text, event);
    }
    return text.toString();
  }

  private static void append(StringBuilder text, Class<? extends Event> eventClass) {
    EventType event = EventType.getEventType(eventClass);
    Period period = eventClass.getAnnotation(Period.class);
    text.append("\n## %s\n\n%s.\n\n".formatted(event.getName(), event.getDescription()));
    text.append("| field | label | type | meaning |\n| --- | --- | --- | --- |\n");
    for (ValueDescriptor field : ownFields(eventClass)) {
      text.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(
                  field.getName(),
                  field.getLabel(),
                  type(field),
                  // in a table a bar would end the cell
                  Objects.requireNonNullElse(field.getDescription(), "").replace("|", "\\|")));
    }
    SortedSet<String> settings = new TreeSet<>();
    for (SettingDescriptor setting : event.getSettingDescriptors()) {
      if (!setting.getName().equals("stackTrace")) {
        settings.add("`%s=%s`".formatted(setting.getName(), setting.getDefaultValue()));
      }
    }
    if (period != null) {
      settings.add("`period=%s`".formatted(period.value()));
    }
    text.append("\nDefault settings: ").append(String.join(", ", settings)).append(".\n");
  }

  private static List<ValueDescriptor> ownFields(Class<? extends Event> event) {
    boolean ownThread =
        Arrays.stream(event.getDeclaredFields())
            .map(field -> field.getAnnotation(Name.class))
            .anyMatch(name -> name != null && name.value().equals("eventThread"));
    List<String> everyEvents =
        ownThread
            ? List.of("startTime", "duration", "stackTrace")
            : List.of("startTime", "duration", "stackTrace", "eventThread");
    return EventType.getEventType(event).getFields().stream()
        .filter(field -> !everyEvents.contains(field.getName()))
        .toList();
  }

  private static String type(ValueDescriptor field) {
    Timespan span = field.getAnnotation(Timespan.class);
    String type = field.getTypeName().replaceFirst(".*\\.", "");
    return span == null ? type : type + ", " + span.value().toLowerCase(Locale.ROOT);
  }
}
