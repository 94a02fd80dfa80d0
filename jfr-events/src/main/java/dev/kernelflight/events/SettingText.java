package dev.kernelflight.events;

import java.util.Set;
import java.util.TreeSet;
import jdk.jfr.SettingControl;

/**
 * A setting whose values the agent reads from the recordings themselves, since it needs to know
 * what each of them asks for, those that do not name it included. As a control it only says that
 * something changed. JFR may call it on any thread.
 */
abstract class SettingText extends SettingControl {
  private static volatile Runnable onChange = () -> {};

  private final String separator;
  private volatile String value;

  SettingText(String defaultValue, String separator) {
    value = defaultValue;
    this.separator = separator;
  }

  static void setOnChange(Runnable listener) {
    onChange = listener;
  }

  @Override
  public String combine(Set<String> values) {
    return String.join(separator, new TreeSet<>(values));
  }

  @Override
  public void setValue(String changed) {
    if (!changed.equals(value)) {
      value = changed;
      onChange.run();
    }
  }

  @Override
  public String getValue() {
    return value;
  }
}
