package dev.kernelflight.agent;

import java.lang.instrument.Instrumentation;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The entry points that the jar's manifest names; the JVM calls one of them per attach. They do as
 * little as possible: probes are attached when a recording wants them.
 */
public final class Agent {
  private static final AtomicBoolean LOADED = new AtomicBoolean();
  private static final int EXIT_CODE = 1;

  private Agent() {}

  /**
   * Called before the application's main method, on the main thread. Whatever goes wrong, the
   * application goes on, unless the options say {@code required=true}: then the process ends here.
   */
  public static void premain(@Nullable String options, Instrumentation instrumentation) {
    String failure = load(options, instrumentation);
    if (failure != null) {
      System.exit(EXIT_CODE);
    }
  }

  /**
   * Called when the agent is attached to a running JVM, on the attach listener's thread. A second
   * call is harmless.
   *
   * @throws IllegalStateException if tracing is impossible and the options say {@code
   *     required=true}; the application goes on all the same
   */
  public static void agentmain(@Nullable String options, Instrumentation instrumentation) {
    String failure = load(options, instrumentation);
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }

  /** Starts the recorder once; returns why not, if it was required. */
  private static @Nullable String load(@Nullable String text, Instrumentation instrumentation) {
    if (!LOADED.compareAndSet(false, true)) {
      Console.warn("already loaded; the options of this load are ignored");
      return null;
    }
    boolean required = AgentOptions.asksForRequired(text);
    try {
      AgentOptions options = AgentOptions.parse(text);
      Recorder recorder = new Recorder(options, instrumentation);
      if (required) {
        recorder.tryOnce();
      }
      recorder.start();
      return null;
    } catch (Throwable e) {
      // a failed load may be tried again, with other options
      LOADED.set(false);
      String message = Diagnosis.of(e).text(required);
      Console.warn(message);
      return required ? message : null;
    }
  }
}
