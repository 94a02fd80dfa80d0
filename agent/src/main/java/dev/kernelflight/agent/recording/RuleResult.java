package dev.kernelflight.agent.recording;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a rule says of a recording. Immutable.
 *
 * @param id of the rule
 * @param name of the rule
 * @param severity how bad it is
 * @param score 0 to 100, from which the severity comes; negative where there is none
 * @param summary in a sentence
 * @param explanation why that is bad, or null
 * @param culprits what is to blame, the worst first
 * @param solution what to do about it, or null
 */
public record RuleResult(
    String id,
    String name,
    Severity severity,
    double score,
    String summary,
    @Nullable String explanation,
    List<String> culprits,
    @Nullable String solution) {

  /** From bad to good. */
  public enum Severity {
    /** To be looked at. */
    WARNING,
    /** Worth knowing. */
    INFORMATION,
    /** In order. */
    OK,
    /** The recording does not hold what the rule needs. */
    NOT_APPLICABLE,
    /** The rule itself failed. */
    FAILED;

    /** As in "not applicable". */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** The worst first. */
  static final Comparator<RuleResult> WORST_FIRST =
      Comparator.comparing(RuleResult::severity)
          .thenComparing(RuleResult::score, Comparator.reverseOrder())
          .thenComparing(RuleResult::name);
}
