package dev.kernelflight.agent.launch;

import java.lang.instrument.Instrumentation;

/**
 * What the jar's manifest names for a Java agent. An older JVM than the agent needs could not load
 * the agent's own classes, and a JVM whose agent cannot be loaded does not start: this class,
 * compiled for Java 8, says so instead, and the application runs on. A newer JVM is passed on to
 * the agent.
 */
public final class Launcher {
  private static final String AGENT = "dev.kernelflight.agent.Agent";
  private static final Class<?>[] AGENT_PARAMETERS = {String.class, Instrumentation.class};

  private Launcher() {}

  /**
   * Before the application's main method. Ends the process where tracing is required and cannot be.
   */
  public static void premain(String options, Instrumentation instrumentation) throws Throwable {
    if (CommandLauncher.isTooOld()) {
      boolean required = isRequired(options);
      warn(required ? "it does not start" : "the application runs on without kernel events");
      if (required) {
        System.exit(1);
      }
      return;
    }
    CommandLauncher.call(AGENT, "premain", AGENT_PARAMETERS, options, instrumentation);
  }

  /**
   * In a running JVM.
   *
   * @throws IllegalStateException as the agent does, or for a JVM that is too old where tracing is
   *     required
   */
  public static void agentmain(String options, Instrumentation instrumentation) throws Throwable {
    if (CommandLauncher.isTooOld()) {
      warn("the application runs on without kernel events");
      if (isRequired(options)) {
        throw new IllegalStateException(CommandLauncher.tooOld());
      }
      return;
    }
    CommandLauncher.call(AGENT, "agentmain", AGENT_PARAMETERS, options, instrumentation);
  }

  private static void warn(String consequence) {
    System.err.println("Kernel Flight Recorder: " + CommandLauncher.tooOld() + "; " + consequence);
  }

  /** As the agent's own options say it. */
  private static boolean isRequired(String options) {
    boolean required = false;
    for (String option : options == null ? new String[0] : options.split(",", -1)) {
      String[] words = option.split("=", 2);
      if (words[0].trim().equals("required")) {
        required = words.length == 2 && words[1].trim().equals("true");
      }
    }
    return required;
  }
}
