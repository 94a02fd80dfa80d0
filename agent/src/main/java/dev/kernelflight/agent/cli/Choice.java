package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.kind.Key;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.show.TopTable;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * One of the catalogue by its name on the command line, and all of these names.
 *
 * @param <T> what is chosen
 */
abstract class Choice<T> implements ITypeConverter<T>, Iterable<String> {
  private final List<? extends T> all;
  private final Function<T, String> name;

  private Choice(List<? extends T> all, Function<T, String> name) {
    this.all = all;
    this.name = name;
  }

  @Override
  public Iterator<String> iterator() {
    return all.stream().map(name).iterator();
  }

  @Override
  public T convert(String value) {
    for (T each : all) {
      if (name.apply(each).equalsIgnoreCase(value.strip())) {
        return each;
      }
    }
    throw new TypeConversionException(
        "'" + value + "': expected one of " + String.join(", ", this));
  }

  /** A kind of event. */
  static final class OfKind extends Choice<Kind> {
    OfKind() {
      super(Kinds.all(), Kind::option);
    }
  }

  /** A kind that can be shown live. */
  static final class OfLiveKind extends Choice<RecordKind<?, ?>> {
    OfLiveKind() {
      super(Kinds.ofRecords(), Kind::option);
    }
  }

  /** What to count by. */
  static final class OfKey extends Choice<Key> {
    OfKey() {
      super(TopTable.keys(), Key::option);
    }
  }
}
