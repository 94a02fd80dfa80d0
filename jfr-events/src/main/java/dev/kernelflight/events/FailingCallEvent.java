package dev.kernelflight.events;

import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.SettingDefinition;

/**
 * A call that may fail. Its setting is here and not beside the other one of an event: JFR numbers
 * the settings of a class in an order that need not be the same each time it looks, and then takes
 * one's control for the other's. Of one setting in each class there is only one order.
 */
abstract class FailingCallEvent extends Event {
  @SettingDefinition
  @Name(KernelSettings.ERRORS_ONLY)
  @Label("Errors Only")
  @Description("Record only calls that failed")
  @SuppressWarnings("UnusedVariable") // JFR finds the setting by its control
  boolean errorsOnly(KernelSettings.FlagControl control) {
    return true;
  }
}
