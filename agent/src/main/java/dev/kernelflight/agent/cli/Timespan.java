package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.settings.BadSettingException;
import dev.kernelflight.agent.settings.SettingValues;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a timespan as JFR's settings have it, such as {@code 20ms}, as nanoseconds. */
final class Timespan implements ITypeConverter<Long> {
  @Override
  public Long convert(String value) {
    try {
      return SettingValues.nanos(value);
    } catch (BadSettingException e) {
      throw new TypeConversionException("'" + value + "': " + e.getMessage());
    }
  }
}
