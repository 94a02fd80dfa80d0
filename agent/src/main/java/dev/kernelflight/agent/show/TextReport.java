package dev.kernelflight.agent.show;

import dev.kernelflight.agent.recording.RuleResult;
import dev.kernelflight.agent.recording.RuleResult.Severity;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Results of rules as text. */
public final class TextReport {
  private static final String INDENT = "  ";
  private static final String OPENS_BY_JFR = " opens by JFR itself";
  private static final String BULLET = "- ";

  private TextReport() {}

  /** Prints them, and in the last line how many opens by JFR itself they do not count. */
  public static void print(List<RuleResult> results, int leftOut, StandardOutput out, int width) {
    for (RuleResult result : results) {
      out.line(heading(result));
      wrap(out, "", INDENT, result.summary(), width);
      if (result.explanation() != null) {
        wrap(out, "", INDENT, result.explanation(), width);
      }
      for (String culprit : result.culprits()) {
        wrap(out, BULLET, INDENT, culprit, width);
      }
      if (result.solution() != null) {
        wrap(out, "What to do: ", INDENT, result.solution(), width);
      }
      out.line();
    }
    out.line(counts(results) + (leftOut == 0 ? "" : "; not counted: " + leftOut + OPENS_BY_JFR));
  }

  static String heading(RuleResult result) {
    return result.severity().label().toUpperCase(Locale.ROOT)
        + (result.score() < 0 ? "" : String.format(Locale.ROOT, " %.0f", result.score()))
        + ": "
        + result.name();
  }

  /** As in "8 rules: 1 warning, 7 ok". */
  static String counts(List<RuleResult> results) {
    Map<Severity, Integer> counts = new EnumMap<>(Severity.class);
    results.forEach(result -> counts.merge(result.severity(), 1, Integer::sum));
    return results.size()
        + " rules: "
        + counts.entrySet().stream()
            .map(count -> count.getValue() + " " + count.getKey().label())
            .collect(Collectors.joining(", "));
  }

  /** Breaks a text between words; what has no room even so, such as a path, stays whole. */
  private static void wrap(StandardOutput out, String lead, String indent, String text, int width) {
    StringBuilder line = new StringBuilder(indent).append(lead);
    String next = indent + " ".repeat(lead.equals(BULLET) ? BULLET.length() : 0);
    boolean empty = true;
    for (String word : Printable.line(text).split(" ", -1)) {
      if (!empty && line.length() + 1 + word.length() > width) {
        out.line(line.toString());
        line.setLength(0);
        line.append(next);
        empty = true;
      }
      line.append(empty ? "" : " ").append(word);
      empty = false;
    }
    out.line(line.toString());
  }
}
