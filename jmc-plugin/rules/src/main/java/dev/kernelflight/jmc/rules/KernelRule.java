package dev.kernelflight.jmc.rules;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemFilter;
import org.openjdk.jmc.common.item.ItemFilters;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.common.util.IPreferenceValueProvider;
import org.openjdk.jmc.common.util.TypedPreference;
import org.openjdk.jmc.flightrecorder.jdk.JdkAttributes;
import org.openjdk.jmc.flightrecorder.jdk.JdkTypeIDs;
import org.openjdk.jmc.flightrecorder.rules.AbstractRule;
import org.openjdk.jmc.flightrecorder.rules.IResult;
import org.openjdk.jmc.flightrecorder.rules.IResultValueProvider;
import org.openjdk.jmc.flightrecorder.rules.ResultBuilder;
import org.openjdk.jmc.flightrecorder.rules.Severity;
import org.openjdk.jmc.flightrecorder.rules.TypedCollectionResult;
import org.openjdk.jmc.flightrecorder.rules.TypedResult;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit.EventAvailability;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit.RequiredEventsBuilder;

/**
 * What the rules have in common: a score that a limit decides, and a result in words. A rule
 * without the events that it requires is not evaluated: Mission Control then says "ignored".
 */
public abstract class KernelRule extends AbstractRule {
  /** What is to blame, the worst first, in words; empty where nothing is. */
  public static final TypedCollectionResult<String> CULPRITS =
      new TypedCollectionResult<>(
          "culprits",
          "Culprits",
          "What is to blame, the worst first",
          UnitLookup.PLAIN_TEXT,
          String.class);

  /** The least score of an information. */
  protected static final double INFORMATION = Severity.INFO.getLimit();

  /** The least score of a warning. */
  protected static final double WARNING = Severity.WARNING.getLimit();

  /**
   * What a rule found.
   *
   * @param score 0 to 100: information from 25, a warning from 75
   * @param explanation null where nothing is wrong, as are the solution and the culprits then
   */
  protected record Finding(
      double score,
      String summary,
      @Nullable String explanation,
      @Nullable String solution,
      List<String> culprits) {

    /** Nothing to complain of. */
    static Finding fine(double score, String summary) {
      return new Finding(score, summary, null, null, List.of());
    }
  }

  /** The values of a rule's preferences. */
  protected static final class Limits {
    private final IPreferenceValueProvider values;

    private Limits(IPreferenceValueProvider values) {
      this.values = values;
    }

    /** A number, a percentage, or nanoseconds of a span of time. */
    double get(TypedPreference<IQuantity> preference) {
      IQuantity value = values.getPreferenceValue(preference);
      if (value.getType().equals(UnitLookup.TIMESPAN)) {
        return value.doubleValueIn(UnitLookup.NANOSECOND);
      }
      return value.getType().equals(UnitLookup.PERCENTAGE)
          ? value.doubleValueIn(UnitLookup.PERCENT)
          : value.doubleValueIn(UnitLookup.NUMBER_UNITY);
    }
  }

  /**
   * Of a rule.
   *
   * @param requiredEvents types that the recording must have switched on
   */
  protected KernelRule(
      String id,
      String name,
      String topic,
      List<TypedPreference<?>> preferences,
      String... requiredEvents) {
    super(
        id,
        name,
        topic,
        preferences,
        List.of(TypedResult.SCORE, CULPRITS),
        required(requiredEvents));
  }

  /**
   * That the type exists is all that is asked here. Whether it was switched on is asked below:
   * JMC's own answer to that is no where a setting is told more than once, as it is in each chunk.
   */
  private static Map<String, EventAvailability> required(String... types) {
    RequiredEventsBuilder builder = RequiredEventsBuilder.create();
    for (String type : types) {
      builder.addEventType(type, EventAvailability.NONE);
    }
    return builder.build();
  }

  /** Looks at a recording that has the required events; null if it holds nothing to judge by. */
  protected abstract @Nullable Finding find(IItemCollection items, Limits limits);

  @Override
  protected final IResult getResult(
      IItemCollection items, IPreferenceValueProvider preferences, IResultValueProvider results) {
    for (String type : getRequiredEvents().keySet()) {
      if (!isRecorded(type, items)) {
        return RulesToolkit.getNotApplicableResult(
            this, preferences, type + " is not switched on in this recording.");
      }
    }
    Finding finding = find(items, new Limits(preferences));
    if (finding == null) {
      return RulesToolkit.getTooFewEventsResult(this, preferences);
    }
    ResultBuilder result =
        ResultBuilder.createFor(this, preferences)
            .setSeverity(Severity.get(finding.score))
            .setSummary(finding.summary)
            .addResult(TypedResult.SCORE, UnitLookup.NUMBER_UNITY.quantity(finding.score))
            .addResult(CULPRITS, finding.culprits);
    if (finding.explanation != null) {
      // JMC puts the culprits in the place of their name, in HTML as a list
      result.setExplanation(
          finding.explanation + (finding.culprits.isEmpty() ? "" : " {culprits}"));
    }
    return result.setSolution(finding.solution).build();
  }

  /** Where no setting is told, as the plain API may do it, the types have their defaults: on. */
  private static boolean isRecorded(String type, IItemCollection items) {
    if (items.apply(ItemFilters.type(type)).hasItems()) {
      return true;
    }
    IItemCollection settings = items.apply(ItemFilters.type(JdkTypeIDs.RECORDING_SETTING));
    if (!settings.hasItems()) {
      return KernelEvents.of(items, KernelEvents.PROBE).findAny().isPresent();
    }
    IItemFilter switchedOn =
        ItemFilters.and(
            RulesToolkit.getSettingsFilter("enabled", type),
            ItemFilters.equals(JdkAttributes.REC_SETTING_VALUE, "true"));
    return settings.apply(switchedOn).hasItems();
  }

  /** 25 at half of the limit, 75 at the limit, towards 100 beyond it. */
  protected static double score(double value, double limit) {
    double positive = Math.max(limit, Double.MIN_NORMAL);
    return value <= 0 ? 0 : RulesToolkit.mapExp100(value, positive / 2, positive);
  }

  /** The same of a count or of nanoseconds. */
  protected static double score(long value, double limit) {
    return score((double) value, limit);
  }

  /** Whether a score is more than "OK". */
  protected static boolean isNotable(double score) {
    return score >= INFORMATION;
  }

  /** A limit that is a number. */
  protected static TypedPreference<IQuantity> numberLimit(
      String id, String name, String description, long value) {
    return new TypedPreference<>(
        id, name, description, UnitLookup.NUMBER, UnitLookup.NUMBER_UNITY.quantity(value));
  }

  /** A limit that is a part of a whole. */
  protected static TypedPreference<IQuantity> percentLimit(
      String id, String name, String description, double value) {
    return new TypedPreference<>(
        id, name, description, UnitLookup.PERCENTAGE, UnitLookup.PERCENT.quantity(value));
  }

  /** A limit that is a span of time. */
  protected static TypedPreference<IQuantity> timeLimit(
      String id, String name, String description, long millis) {
    return new TypedPreference<>(
        id, name, description, UnitLookup.TIMESPAN, UnitLookup.MILLISECOND.quantity(millis));
  }

  /** A count as text: 12,345. */
  protected static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** A part of a whole as text. */
  protected static String percent(double value) {
    return String.format(Locale.ROOT, "%.1f %%", value);
  }

  /** A span of time as text, in a fitting unit. */
  protected static String time(long nanos) {
    if (nanos < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f \u00b5s", nanos / 1e3);
    }
    return nanos < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f ms", nanos / 1e6)
        : String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
  }
}
