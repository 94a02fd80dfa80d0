package dev.kernelflight.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.jfr.Configuration;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.SettingDescriptor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmc.flightrecorder.configuration.events.EventConfiguration;
import org.openjdk.jmc.flightrecorder.configuration.events.SchemaVersion;

/** The files that users merge with the JDK's own, as JFR and as JDK Mission Control read them. */
class SettingsFileTest {
  private static final Pattern SETTING =
      Pattern.compile("<setting name=\"\\w+\" control=\"([\\w-]+)\">([^<]*)</setting>");
  private static final Pattern CONTROL =
      Pattern.compile("<(?:flag|text) name=\"([\\w-]+)\" label=\"[^\"]+\"[^>]*>([^<]*)</");

  private static String text(SettingsFile file) throws IOException {
    return new String(file.content(), StandardCharsets.UTF_8);
  }

  /** Its schema, its grammar, and the controls that it shows above the list of events. */
  @ParameterizedTest
  @EnumSource
  void missionControlTakesIt(SettingsFile file) throws IOException, ParseException {
    EventConfiguration.validate(
        new ByteArrayInputStream(file.content()), file.name(), SchemaVersion.V2);
    EventConfiguration template =
        new EventConfiguration(
            EventConfiguration.createModel(new ByteArrayInputStream(file.content())));
    assertThat(template.getXMLModel().hasErrors()).isFalse();
    assertThat(template.getName()).startsWith("Kernel");
    assertThat(template.getDescription()).isNotBlank();
    assertThat(template.hasControlElements()).isTrue();
  }

  /** Nothing that an event has not, and nothing left out that it has. */
  @ParameterizedTest
  @EnumSource
  void hasEverySettingOfEveryEvent(SettingsFile file) throws IOException, ParseException {
    Configuration configuration = Configuration.create(new StringReader(text(file)));
    List<String> settings = new ArrayList<>();
    for (Class<? extends Event> event : EventReferenceTest.EVENTS) {
      EventType type = EventType.getEventType(event);
      for (SettingDescriptor setting : type.getSettingDescriptors()) {
        settings.add(type.getName() + "#" + setting.getName());
      }
      if (event.isAnnotationPresent(jdk.jfr.Period.class)) {
        settings.add(type.getName() + "#period");
      }
    }
    assertThat(configuration.getProvider()).isEqualTo("Kernel Flight Recorder");
    assertThat(settings).containsAll(configuration.getSettings().keySet());
    // no event has a stack trace, and a threshold makes sense only where there is a duration
    settings.removeIf(setting ->
        setting.endsWith("#stackTrace")
            || setting.matches(
                "kernel\\.(SyscallStatistics|Signal|CpuSample|EventsLost|Probe|Drain)#threshold"));
    assertThat(configuration.getSettings().keySet()).containsAll(settings);
  }

  /** The control's value is the setting's, or the first change of another would set it back. */
  @ParameterizedTest
  @EnumSource
  void controlsHaveTheValuesOfTheirSettings(SettingsFile file) throws IOException {
    Map<String, String> controls = new HashMap<>();
    Matcher control = CONTROL.matcher(text(file));
    while (control.find()) {
      controls.put(control.group(1), control.group(2));
    }
    Map<String, String> settings = new HashMap<>();
    Matcher setting = SETTING.matcher(text(file));
    while (setting.find()) {
      settings.put(setting.group(1), setting.group(2));
    }
    assertThat(settings).isNotEmpty().isEqualTo(controls);
  }
}
