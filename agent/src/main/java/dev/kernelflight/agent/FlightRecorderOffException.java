package dev.kernelflight.agent;

/** The JVM has Flight Recorder, and its options switch it off. */
public final class FlightRecorderOffException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What it is. */
  public static final Hindrance WHY =
      new Hindrance(
          "JDK Flight Recorder is switched off in this JVM (-XX:-FlightRecorder)",
          "start it without that option, which may also stand in JDK_JAVA_OPTIONS, in an argument"
              + " file, or in a file that -XX:VMOptionsFile names");

  /** With a message that says so. */
  FlightRecorderOffException() {
    super(WHY.what());
  }
}
