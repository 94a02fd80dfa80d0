package dev.kernelflight.agenttests.apps;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.FlightRecorder;
import jdk.jfr.RecordingState;

/** Opens a file and is gone. */
public final class Exits {
  private static final int LOOKS_IN_A_ROW = 10;
  private static final int MOST_LOOKS = 5_000;

  private Exits() {}

  /** Arguments: how to end, and the file. */
  public static void main(String[] args) throws InterruptedException {
    System.out.println("started");
    switch (args[0]) {
      case "return" -> open(args[1]);
      case "exit" -> {
        Thread.ofPlatform()
            .name("exits")
            .start(() -> {
              open(args[1]);
              System.exit(7);
            })
            .join();
      }
      case "halt" -> {
        open(args[1]);
        Runtime.getRuntime().halt(8);
      }
      case "watched" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(Exits::watchTheAgent));
        open(args[1]);
        System.exit(0);
      }
      case "exception" -> {
        open(args[1]);
        throw new IllegalStateException("thrown by the application");
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  /**
   * Prints whether the agent's thread is out of native code when JFR has ended its recordings,
   * while the JVM has still to end.
   */
  private static void watchTheAgent() {
    Thread agent =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().equals("Kernel Flight Recorder"))
            .findFirst()
            .orElseThrow();
    for (int i = 0; i < MOST_LOOKS && aRecordingRuns(); i++) {
      LockSupport.parkNanos(1_000_000);
    }
    int inJava = 0;
    for (int i = 0; i < MOST_LOOKS && inJava < LOOKS_IN_A_ROW; i++) {
      // in native code a thread counts as running
      inJava = agent.getState() == Thread.State.RUNNABLE ? 0 : inJava + 1;
      LockSupport.parkNanos(1_000_000);
    }
    System.out.println(
        agent.getName() + (inJava == LOOKS_IN_A_ROW ? " waits in Java" : " stays in native code"));
  }

  private static boolean aRecordingRuns() {
    return FlightRecorder.getFlightRecorder().getRecordings().stream()
        .anyMatch(recording -> recording.getState() == RecordingState.RUNNING);
  }

  private static void open(String path) {
    try (FileInputStream in = new FileInputStream(path)) {
      if (in.read() < 0) {
        throw new IllegalStateException("empty");
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
