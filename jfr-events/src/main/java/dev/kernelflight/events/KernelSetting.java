package dev.kernelflight.events;

import java.util.Set;
import java.util.TreeSet;
import jdk.jfr.SettingControl;

/**
 * A setting whose values the agent reads from the recordings themselves, since it needs to know what
 * each of them asks for, those that do not name it included. As a control it only says that
 * something changed. JFR makes the instances and may call them on any thread.
 *
 * <p>One class for all settings, and no value that differs between them: JFR finds the settings of an
 * event class in two ways whose orders may differ, and then takes one control for another.
 */
public final class KernelSetting extends SettingControl {
  private static final String NOT_SET = "";
  private static volatile Runnable onChange = () -> {};

  private volatile String value = NOT_SET;

  /** Made by JFR. */
  public KernelSetting() {}

  static void setOnChange(Runnable listener) {
    onChange = listener;
  }

  @Override
  public String combine(Set<String> values) {
    return String.join(",", new TreeSet<>(values));
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
