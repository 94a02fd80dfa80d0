package dev.kernelflight.agent;

import dev.kernelflight.agent.show.Printable;

/**
 * What the agent has to say to people: on stderr, since a logger that is initialised in premain
 * would be configured before the application can do it.
 */
final class Console {
  private static final String PREFIX = "Kernel Flight Recorder: ";

  private Console() {}

  static void warn(String message) {
    System.err.println(PREFIX + Printable.message(message));
  }
}
