package dev.kernelflight.agent.launch;

import java.lang.reflect.InvocationTargetException;

/**
 * What the jar's manifest names for {@code java -jar}. It names no class of java.instrument: the
 * commands also run in a runtime without that module.
 */
public final class CommandLauncher {
  private static final int OLDEST = 21;
  private static final String COMMANDS = "dev.kernelflight.agent.cli.Main";

  private CommandLauncher() {}

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

  static boolean isTooOld() {
    String version = System.getProperty("java.specification.version", "");
    try {
      // of Java 8 and older it is 1.8
      return version.startsWith("1.") || Integer.parseInt(version) < OLDEST;
    } catch (NumberFormatException e) {
      return false; // whatever it is, the agent will see
    }
  }

  static String tooOld() {
    return "this JVM is Java "
        + System.getProperty("java.version")
        + ", and Kernel Flight Recorder needs Java "
        + OLDEST
        + " or newer";
  }

  static void call(String type, String method, Class<?>[] parameters, Object... arguments)
      throws Throwable {
    try {
      Class.forName(type).getMethod(method, parameters).invoke(null, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
