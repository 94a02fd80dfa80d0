package dev.kernelflight.agent.launch;

import java.lang.instrument.Instrumentation;
import java.lang.reflect.InvocationTargetException;

/**
 * What the jar's manifest names. An older JVM than the agent needs could not load the agent's own
 * classes, and a JVM whose agent cannot be loaded does not start: this class, compiled for Java 8,
 * says so instead, and the application runs on. A newer JVM is passed on to the agent.
 */
public final class Launcher {
  private static final int OLDEST = 21;
  private static final String AGENT = "dev.kernelflight.agent.Agent";
  private static final String COMMANDS = "dev.kernelflight.agent.cli.Main";
  private static final Class<?>[] AGENT_PARAMETERS = {String.class, Instrumentation.class};

  private Launcher() {}

  /**
   * Before the application's main method. Ends the process where tracing is required and cannot be.
   */
  public static void premain(String options, Instrumentation instrumentation) throws Throwable {
    if (isTooOld()) {
      boolean required = isRequired(options);
      warn(required ? "it does not start" : "the application runs on without kernel events");
      if (required) {
        System.exit(1);
      }
      return;
    }
    call(AGENT, "premain", AGENT_PARAMETERS, options, instrumentation);
  }

  /**
   * In a running JVM.
   *
   * @throws IllegalStateException as the agent does, or for a JVM that is too old where tracing is
   *     required
   */
  public static void agentmain(String options, Instrumentation instrumentation) throws Throwable {
    if (isTooOld()) {
      warn("the application runs on without kernel events");
      if (isRequired(options)) {
        throw new IllegalStateException(tooOld());
      }
      return;
    }
    call(AGENT, "agentmain", AGENT_PARAMETERS, options, instrumentation);
  }

  /** A command. */
  public static void main(String[] arguments) throws Throwable {
    if (isTooOld()) {
      System.err.println(
          tooOld()
              + ": run it by the java of such a JDK, as in /usr/lib/jvm/jdk-25/bin/java -jar …");
      System.exit(1);
    }
    call(COMMANDS, "main", new Class<?>[] {String[].class}, (Object) arguments);
  }

  private static boolean isTooOld() {
    String version = System.getProperty("java.specification.version", "");
    try {
      // of Java 8 and older it is 1.8
      return version.startsWith("1.") || Integer.parseInt(version) < OLDEST;
    } catch (NumberFormatException e) {
      return false; // whatever it is, the agent will see
    }
  }

  private static String tooOld() {
    return "this JVM is Java "
        + System.getProperty("java.version")
        + ", and Kernel Flight Recorder needs Java "
        + OLDEST
        + " or newer";
  }

  private static void warn(String consequence) {
    System.err.println("Kernel Flight Recorder: " + tooOld() + "; " + consequence);
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

  private static void call(String type, String method, Class<?>[] parameters, Object... arguments)
      throws Throwable {
    try {
      Class.forName(type).getMethod(method, parameters).invoke(null, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
