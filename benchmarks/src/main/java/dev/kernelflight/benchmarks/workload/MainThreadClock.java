package dev.kernelflight.benchmarks.workload;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A second agent, given to the JVM once before and once after the agent that is measured: what the
 * main thread ran between the two is that agent's premain, with the JVM's loading of its jar.
 */
public final class MainThreadClock {
  private static long before;
  private static long between;

  private MainThreadClock() {}

  /** Called by the JVM for each {@code -javaagent} in turn. */
  public static void premain(String options) throws IOException {
    if (options.equals("before")) {
      onCpuNanos(); // loads what the readings need
      before = onCpuNanos();
    } else {
      between = onCpuNanos() - before;
    }
  }

  static long nanosBetweenAgents() {
    return between;
  }

  /** CPU time of the calling thread; the management beans would load more than the agent does. */
  private static long onCpuNanos() throws IOException {
    try (FileInputStream in = new FileInputStream("/proc/thread-self/schedstat")) {
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return Long.parseLong(text.substring(0, text.indexOf(' ')));
    }
  }
}
