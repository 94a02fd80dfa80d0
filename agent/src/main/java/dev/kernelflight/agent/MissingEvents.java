package dev.kernelflight.agent;

import dev.kernelflight.agent.jfr.OutageReporter.Missing;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.TracedKind;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.source.Demand;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Events that recordings want and that are not recorded, by their names, and why. */
final class MissingEvents {
  private MissingEvents() {}

  /** All of these, where nothing is traced. */
  static Map<String, Missing> all(Demand demand, String why) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    for (TracedKind<?> kind : Kinds.traced()) {
      if (demand.wants(kind.source())) {
        missing.put(kind.eventName(), new Missing(why, true));
      }
    }
    return missing;
  }

  /** Those that are on where no recording says otherwise, where it is not known what they say. */
  static Map<String, Missing> byDefault(String why) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    for (TracedKind<?> kind : Kinds.traced()) {
      if (kind.isOnByDefault()) {
        missing.put(kind.eventName(), new Missing(why, true));
      }
    }
    return missing;
  }

  /** What a session does not see, or not everywhere. */
  static Map<String, Missing> of(Session session) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    for (TracedKind<?> kind : Kinds.traced()) {
      Map<Integer, String> unseen = session.unseenCpus(kind.source());
      if (session.demand().wants(kind.source()) && session.probe(kind.source()).isEmpty()) {
        missing.put(kind.eventName(), new Missing(why(session, kind), true));
      } else if (!unseen.isEmpty()) {
        missing.put(kind.eventName(), new Missing("not on CPUs " + unseen, false));
      }
    }
    return missing;
  }

  private static String why(Session session, TracedKind<?> kind) {
    return session
        .failure(kind.source())
        .map(failure ->
            failure.refusals().stream().map(Refusal::toString).collect(Collectors.joining("\n")))
        .orElse("attaching did not come to its end");
  }
}
