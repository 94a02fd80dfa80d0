package dev.kernelflight.jmc.parser;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.flightrecorder.JfrAttributes;
import org.openjdk.jmc.flightrecorder.parser.ValueField;

/**
 * The fields of one kernel event type, as the recording has them and as Mission Control gets them:
 *
 * <ul>
 *   <li>{@code eventThread} is filled in from {@code osThreadId} where it is missing;
 *   <li>counts are numbers that can be added up, and not raw ones;
 *   <li>{@code failed} is added beside {@code errno}: 1 for a call that failed, to be added up.
 * </ul>
 */
final class KernelEventFields {
  private static final IQuantity NO = UnitLookup.NUMBER_UNITY.quantity(0);
  private static final IQuantity YES = UnitLookup.NUMBER_UNITY.quantity(1);
  private static final List<String> COUNTS = List.of("count", "errors", "records");

  private final List<ValueField> extended = new ArrayList<>();
  private final boolean[] isCount;
  private final int thread;
  private final int osThreadId;
  private final int osThreadName;
  private final int errno;
  private final RecordedThreads threads;

  KernelEventFields(List<ValueField> fields, RecordedThreads threads) {
    this.threads = threads;
    isCount = new boolean[fields.size()];
    for (int i = 0; i < isCount.length; i++) {
      ValueField field = fields.get(i);
      isCount[i] =
          COUNTS.contains(field.getIdentifier())
              && field.getContentType().equals(UnitLookup.RAW_NUMBER);
      extended.add(
          isCount[i]
              ? new ValueField(
                  field.getIdentifier(), field.getName(), field.getDescription(), UnitLookup.NUMBER)
              : field);
    }
    thread = index(fields, JfrAttributes.EVENT_THREAD.getIdentifier());
    osThreadId = index(fields, "osThreadId");
    osThreadName = index(fields, "osThreadName");
    errno = index(fields, "errno");
    if (errno >= 0) {
      extended.add(
          new ValueField("failed", "Failed", "1 for a call that failed", UnitLookup.NUMBER));
    }
  }

  private static int index(List<ValueField> fields, String identifier) {
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).getIdentifier().equals(identifier)) {
        return i;
      }
    }
    return -1;
  }

  List<ValueField> extended() {
    return extended;
  }

  /** The values of an event; the parser uses the array that it passes again. */
  @Nullable Object[] extend(@Nullable Object[] values) {
    @Nullable Object[] result = Arrays.copyOf(values, extended.size());
    for (int i = 0; i < isCount.length; i++) {
      if (isCount[i] && values[i] instanceof Number number) {
        result[i] = UnitLookup.NUMBER_UNITY.quantity(number);
      }
    }
    if (errno >= 0) {
      result[values.length] = values[errno] == null ? NO : YES;
    }
    if (thread >= 0 && osThreadId >= 0) {
      result[thread] = thread(values);
    }
    return result;
  }

  private @Nullable IMCThread thread(@Nullable Object[] values) {
    if (values[thread] instanceof IMCThread known) {
      return threads.distinct(known);
    }
    long id = values[osThreadId] instanceof IQuantity quantity ? quantity.longValue() : 0;
    return id > 0
        ? threads.find(id, osThreadName >= 0 ? (String) values[osThreadName] : null)
        : null;
  }
}
