package dev.kernelflight.agent.settings;

/** A setting's value that cannot be understood; the message says what was expected. */
public final class BadSettingException extends Exception {
  private static final long serialVersionUID = 1L;

  BadSettingException(String message) {
    super(message);
  }
}
