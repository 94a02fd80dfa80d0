package dev.kernelflight.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The figures of all scenarios, in columns as wide as their widest cell. */
final class Table {
  private static final List<String> HEAD =
      List.of("scenario", "figure", "median", "best", "goal", "met");

  private final List<List<String>> rows = new ArrayList<>(List.of(HEAD));

  /** A figure that is only told. */
  void tell(String scenario, String figure, Sample sample) {
    add(
        List.of(
            scenario,
            figure,
            sample.format(sample.median()),
            sample.format(sample.least()),
            "",
            ""));
  }

  /** A figure whose median must not be above the goal. */
  void atMost(double goal, String scenario, String figure, Sample sample) {
    add(
        List.of(
            scenario,
            figure,
            sample.format(sample.median()),
            sample.format(sample.least()),
            "<= " + sample.format(goal),
            sample.median() <= goal ? "yes" : "NO"));
  }

  /** Counts that must all be the same number; where they are not, the two extremes are shown. */
  void exactly(long goal, String scenario, String figure, long... counts) {
    long least = Arrays.stream(counts).min().orElse(-1);
    long most = Arrays.stream(counts).max().orElse(-1);
    add(
        List.of(
            scenario,
            figure,
            least == most ? count(least) : count(least) + " to " + count(most),
            "",
            "= " + count(goal),
            least == goal && most == goal ? "yes" : "NO"));
  }

  /** Also at once, since a scenario takes its time. */
  private void add(List<String> row) {
    rows.add(row);
    System.err.println("   " + row.get(0) + " " + row.get(1) + ": " + row.get(2));
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  String text() {
    StringBuilder text = new StringBuilder();
    int[] widths = new int[HEAD.size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        boolean number = i == 2 || i == 3;
        line.append(String.format("%" + (number ? "" : "-") + widths[i] + "s  ", row.get(i)));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /**
   * Measurements of one figure.
   *
   * @param values at least one
   * @param decimals to be shown
   */
  record Sample(double[] values, int decimals) {
    double median() {
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    double least() {
      return Arrays.stream(values).min().orElse(Double.NaN);
    }

    String format(double value) {
      return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }
  }
}
