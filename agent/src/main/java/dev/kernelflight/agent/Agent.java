package dev.kernelflight.agent;

import java.lang.instrument.Instrumentation;
import org.jspecify.annotations.Nullable;

/** The entry points that the jar's manifest names; the JVM calls one of them per attach. */
public final class Agent {
  private Agent() {}

  /** Called before the application's main method, on the main thread. */
  public static void premain(@Nullable String options, Instrumentation instrumentation) {}

  /** Called when the agent is attached to a running JVM, on the attach listener's thread. */
  public static void agentmain(@Nullable String options, Instrumentation instrumentation) {}
}
