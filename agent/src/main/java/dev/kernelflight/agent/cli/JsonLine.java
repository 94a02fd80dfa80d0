package dev.kernelflight.agent.cli;

import com.grack.nanojson.JsonStringWriter;
import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.recording.KernelEvent;
import java.util.Collection;

/** Events as JSON, one object a line: the fields as JFR names them, timespans in nanoseconds. */
final class JsonLine {
  private JsonLine() {}

  static String of(KernelEvent event) {
    JsonStringWriter json = JsonWriter.string().object().value("type", event.kind().eventName());
    event.forEachField((name, value) -> {
      switch (value) {
        case Number number -> json.value(name, number);
        case Boolean flag -> json.value(name, flag);
        case Collection<?> items -> json.array(name, items);
        default -> json.value(name, value.toString());
      }
    });
    return json.end().done();
  }
}
