package dev.kernelflight.agent.show;

import com.grack.nanojson.JsonStringWriter;
import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.recording.RuleResult;
import java.util.Collection;

/**
 * Events and results of rules as JSON, one object a line. An event has its fields as JFR names
 * them, timespans in nanoseconds.
 */
public final class JsonLine {
  private JsonLine() {}

  public static String of(KernelEvent event) {
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

  public static String of(RuleResult result) {
    JsonStringWriter json =
        JsonWriter.string()
            .object()
            .value("id", result.id())
            .value("name", result.name())
            .value("severity", result.severity().label());
    if (result.score() >= 0) {
      json.value("score", result.score());
    }
    json.value("summary", result.summary());
    if (result.explanation() != null) {
      json.value("explanation", result.explanation());
    }
    if (result.solution() != null) {
      json.value("solution", result.solution());
    }
    return json.array("culprits", result.culprits()).end().done();
  }
}
