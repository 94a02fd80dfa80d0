package dev.kernelflight.agent.recording;

import dev.kernelflight.agent.recording.RuleResult.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IDisplayable;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.flightrecorder.rules.IResult;
import org.openjdk.jmc.flightrecorder.rules.IRule;
import org.openjdk.jmc.flightrecorder.rules.ResultToolkit;
import org.openjdk.jmc.flightrecorder.rules.RuleRegistry;
import org.openjdk.jmc.flightrecorder.rules.TypedCollectionResult;
import org.openjdk.jmc.flightrecorder.rules.TypedResult;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;

/** Runs the rules of the Mission Control plug-in, as its automated analysis does. */
public final class Rules {
  private static final int ALL_PROCESSORS = 0;

  private Rules() {}

  /**
   * What the rules say of a recording, the worst first.
   *
   * @param recording with all its events: rules also look at the JVM's
   */
  public static List<RuleResult> evaluate(KernelRecording recording) throws InterruptedException {
    List<RuleResult> results = new ArrayList<>();
    List<IRule> applicable = new ArrayList<>();
    for (IRule rule : RuleRegistry.getRules()) {
      if (RulesToolkit.matchesEventAvailabilityMap(recording.items(), rule.getRequiredEvents())) {
        applicable.add(rule);
      } else {
        String missing = String.join(", ", rule.getRequiredEvents().keySet());
        results.add(
            without(rule, Severity.NOT_APPLICABLE, "Needs what was not recorded: " + missing));
      }
    }
    Map<IRule, Future<IResult>> evaluations =
        RulesToolkit.evaluateParallel(applicable, recording.items(), null, ALL_PROCESSORS);
    for (Map.Entry<IRule, Future<IResult>> rule : evaluations.entrySet()) {
      try {
        results.add(result(rule.getValue().get()));
      } catch (ExecutionException e) {
        results.add(without(rule.getKey(), Severity.FAILED, "The rule failed: " + e.getCause()));
      }
    }
    results.sort(RuleResult.WORST_FIRST);
    return results;
  }

  /** For a rule that could not judge. */
  private static RuleResult without(IRule rule, Severity severity, String reason) {
    return new RuleResult(
        rule.getId(), rule.getName(), severity, -1, reason, null, List.of(), null);
  }

  private static RuleResult result(IResult result) {
    IQuantity score = result.getResult(TypedResult.SCORE);
    return new RuleResult(
        result.getRule().getId(),
        result.getRule().getName(),
        switch (result.getSeverity()) {
          case WARNING -> Severity.WARNING;
          case INFO -> Severity.INFORMATION;
          case OK -> Severity.OK;
          case NA, IGNORE -> Severity.NOT_APPLICABLE;
        },
        score == null ? -1 : score.doubleValue(),
        Objects.requireNonNullElse(text(result, result.getSummary()), ""),
        text(result, result.getExplanation()),
        culprits(result),
        text(result, result.getSolution()));
  }

  /**
   * A text with the values of a result in it, but without its lists: these stand for themselves.
   */
  private static @Nullable String text(IResult result, @Nullable String template) {
    if (template == null) {
      return null;
    }
    String text = template;
    for (TypedCollectionResult<?> list : lists(result)) {
      text = text.replace("{" + list.getIdentifier() + "}", "");
    }
    return ResultToolkit.populateMessage(result, text, false).strip();
  }

  private static List<TypedCollectionResult<?>> lists(IResult result) {
    List<TypedCollectionResult<?>> lists = new ArrayList<>();
    for (TypedResult<?> type : result.getRule().getResults()) {
      if (type instanceof TypedCollectionResult<?> list) {
        lists.add(list);
      }
    }
    return lists;
  }

  private static List<String> culprits(IResult result) {
    List<String> culprits = new ArrayList<>();
    for (TypedCollectionResult<?> list : lists(result)) {
      for (Object culprit : result.getResult(list)) {
        culprits.add(
            culprit instanceof IDisplayable quantity
                ? quantity.displayUsing(IDisplayable.AUTO)
                : String.valueOf(culprit));
      }
    }
    return culprits;
  }
}
