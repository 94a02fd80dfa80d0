package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.jmc.tests.apps.Healthy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.item.IAccessorKey;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemIterable;
import org.openjdk.jmc.flightrecorder.CouldNotLoadRecordingException;
import org.openjdk.jmc.flightrecorder.JfrLoaderToolkit;
import org.openjdk.jmc.flightrecorder.parser.IParserExtension;
import org.openjdk.jmc.flightrecorder.parser.ParserExtensionRegistry;
import org.openjdk.jmc.flightrecorder.rules.Severity;

/** A recording of another JVM is what it was before the plug-in. */
class WithoutKernelEventsTest {
  @TempDir static Path temp;
  private static Path file;

  @BeforeAll
  static void record() {
    file = temp.resolve("recording.jfr");
    Recordings.recorded(file, "", Healthy.class, temp).withoutAgent().run();
  }

  @Test
  void aRecordingLoadsAsBefore() throws Exception {
    IItemCollection items = Recordings.load(file);
    IItemCollection before = loadedWithoutThePlugIn();
    assertThat(contents(items)).isNotEmpty().isEqualTo(contents(before));
  }

  @Test
  void noRuleIsApplicable() {
    assertThat(Recordings.results(Recordings.load(file)))
        .hasSize(10)
        .allSatisfy(result -> assertThat(result.getSeverity()).isEqualTo(Severity.NA));
  }

  private static IItemCollection loadedWithoutThePlugIn()
      throws IOException, CouldNotLoadRecordingException {
    List<IParserExtension> extensions =
        ParserExtensionRegistry.getParserExtensions().stream()
            .filter(extension -> !extension.getClass().getName().startsWith("dev.kernelflight."))
            .toList();
    assertThat(ParserExtensionRegistry.getParserExtensions()).hasSize(extensions.size() + 1);
    return JfrLoaderToolkit.loadEvents(List.of(file.toFile()), extensions);
  }

  /** Every event with all of its values, by type. */
  private static Map<String, List<String>> contents(IItemCollection items) {
    Map<String, List<String>> contents = new TreeMap<>();
    for (IItemIterable iterable : items) {
      List<String> events =
          contents.computeIfAbsent(iterable.getType().getIdentifier(), t -> new ArrayList<>());
      for (IItem item : iterable) {
        StringBuilder values = new StringBuilder();
        for (IAccessorKey<?> key : iterable.getType().getAccessorKeys().keySet()) {
          values
              .append(key.getIdentifier())
              .append('=')
              .append(iterable.getType().getAccessor(key).getMember(item))
              .append(' ');
        }
        events.add(values.toString());
      }
      Collections.sort(events);
    }
    return contents;
  }
}
