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

/** The catalogue of kinds, and of what they are counted by, as names on the command line. */
final class Names {
  private Names() {}

  private static <T> T find(List<? extends T> all, Function<T, String> name, String value) {
    for (T each : all) {
      if (name.apply(each).equalsIgnoreCase(value.strip())) {
        return each;
      }
    }
    throw new TypeConversionException(
        "'" + value + "': expected one of " + String.join(", ", all.stream().map(name).toList()));
  }

  /** Reads a kind. */
  static final class KindConverter implements ITypeConverter<Kind> {
    @Override
    public Kind convert(String value) {
      return find(Kinds.all(), Kind::option, value);
    }
  }

  /** Reads a kind that can be shown live. */
  static final class LiveKindConverter implements ITypeConverter<RecordKind<?, ?>> {
    @Override
    public RecordKind<?, ?> convert(String value) {
      return find(Kinds.ofRecords(), Kind::option, value);
    }
  }

  /** Reads what to count by. */
  static final class KeyConverter implements ITypeConverter<Key> {
    @Override
    public Key convert(String value) {
      return find(TopTable.keys(), Key::option, value);
    }
  }

  /** Names of kinds. */
  static final class OfKinds implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Kinds.all().stream().map(Kind::option).iterator();
    }
  }

  /** Names of kinds that can be shown live. */
  static final class OfLiveKinds implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Kinds.ofRecords().stream().map(Kind::option).iterator();
    }
  }

  /** Names of what can be counted by. */
  static final class OfKeys implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return TopTable.keys().stream().map(Key::option).iterator();
    }
  }
}
