package dev.kernelflight.agent.attach;

/** A command cannot do what it was asked for; the message says why, and what to do. */
public final class CommandFailedException extends Exception {
  private static final long serialVersionUID = 1L;

  CommandFailedException(String message) {
    super(message);
  }
}
