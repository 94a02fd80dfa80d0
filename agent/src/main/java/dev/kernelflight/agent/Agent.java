package dev.kernelflight.agent;

import dev.kernelflight.events.EventWriting;
import java.lang.instrument.Instrumentation;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * The entry points that the jar's manifest names; the JVM calls one of them per attach. They do as
 * little as possible: probes are attached when a recording wants them.
 */
public final class Agent {
  /** The option, instead of all others, that stops all tracing in a running JVM. */
  public static final String DETACH = "detach";

  /**
   * The system property that tells whoever attached what came of it, in words: the JVM itself
   * passes on no more than whether it failed.
   */
  public static final String ANSWER = "kernelflight.attach.answer";

  private static final int EXIT_CODE = 1;

  private static @Nullable Recorder recorder;

  private Agent() {}

  /** What a load came to, in words. */
  private record Outcome(boolean failed, String text) {}

  /**
   * Called before the application's main method, on the main thread. Whatever goes wrong, the
   * application goes on, unless the options say {@code required=true}: then the process ends here.
   */
  public static void premain(@Nullable String options, Instrumentation instrumentation) {
    if (load(options, instrumentation, true).failed) {
      System.exit(EXIT_CODE);
    }
  }

  /**
   * Called when the agent is attached to a running JVM, on the attach listener's thread. A second
   * call is harmless.
   *
   * @throws IllegalStateException if tracing is impossible and the options say {@code
   *     required=true}, or there was nothing to detach; the application goes on all the same
   */
  public static void agentmain(@Nullable String options, Instrumentation instrumentation) {
    Outcome outcome = DETACH.equals(options) ? detach() : load(options, instrumentation, false);
    System.setProperty(ANSWER, outcome.text);
    if (outcome.failed) {
      throw new IllegalStateException(outcome.text);
    }
  }

  /** Starts the recorder once; fails only where tracing is required. */
  private static synchronized Outcome load(
      @Nullable String text, Instrumentation instrumentation, boolean starting) {
    EventWriting.loadClasses();
    boolean required = AgentOptions.asksForRequired(text);
    Recorder trial = recorder;
    try {
      if (trial != null) {
        String already = "already loaded; the options of this load are ignored";
        Console.warn(already);
        return new Outcome(false, required ? already + "; " + trial.tryOnce() : already);
      }
      AgentOptions options = AgentOptions.parse(text);
      if (!FlightRecorder.isAvailable()) {
        throw new FlightRecorderOffException();
      }
      trial = new Recorder(options, instrumentation);
      String how = required ? trial.tryOnce() : "loaded";
      trial.start();
      recorder = trial;
      return new Outcome(false, how);
    } catch (Throwable e) {
      // a failed load may be tried again, with other options
      if (trial != null && trial != recorder) {
        trial.stop();
      }
      String message = Diagnosis.of(e).text(required && starting);
      Console.warn(message);
      return new Outcome(required, message);
    }
  }

  private static synchronized Outcome detach() {
    Recorder running = recorder;
    if (running == null) {
      return new Outcome(true, "the agent is not loaded in this JVM");
    }
    running.stop();
    recorder = null;
    return new Outcome(false, "detached");
  }
}
