package dev.kernelflight.agent;

import dev.kernelflight.agent.jfr.OutageReporter.Missing;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.TracedKind;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.source.Demand;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Events that recordings want and that are not recorded, by their names, and why. */
final class MissingEvents {
  private MissingEvents() {}

  /**
   * All of these, where nothing is traced.
   *
   * @param advice what to do about it, or empty
   */
  static Map<String, Missing> all(Demand demand, String why, String advice) {
    return of(kind -> demand.wants(kind.source()), why, advice);
  }

  /**
   * Those that are on where no recording says otherwise, where it is not known what they say.
   *
   * @param advice what to do about it, or empty
   */
  static Map<String, Missing> byDefault(String why, String advice) {
    return of(TracedKind::isOnByDefault, why, advice);
  }

  private static Map<String, Missing> of(
      Predicate<TracedKind<?>> wanted, String why, String advice) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    for (TracedKind<?> kind : Kinds.traced()) {
      if (wanted.test(kind)) {
        missing.put(kind.eventName(), new Missing(why, true, advice));
      }
    }
    return missing;
  }

  /**
   * What a session does not see, or not everywhere.
   *
   * @param advice what to do about what it does not see, or empty
   */
  static Map<String, Missing> of(Session session, String advice) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    for (TracedKind<?> kind : Kinds.traced()) {
      Map<Integer, String> unseen = session.unseenCpus(kind.source());
      if (session.demand().wants(kind.source()) && session.probe(kind.source()).isEmpty()) {
        missing.put(kind.eventName(), new Missing(why(session, kind), true, advice));
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
