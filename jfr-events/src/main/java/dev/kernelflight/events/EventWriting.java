package dev.kernelflight.events;

import java.util.List;

/** The classes of the JDK by which JFR writes events. */
public final class EventWriting {
  /**
   * Used between the beginning and the end of an event, some only when it is large or when two
   * threads write at once.
   */
  private static final List<String> CLASSES =
      List.of(
          // first of all: where it is missing, one event after the other begins within the last
          "jdk.jfr.internal.Bits",
          "jdk.jfr.internal.event.EventWriter",
          "jdk.jfr.internal.StringPool",
          "jdk.jfr.internal.consumer.StringParser$Encoding",
          "java.util.concurrent.ConcurrentHashMap$CounterCell",
          "java.util.concurrent.ConcurrentHashMap$ForwardingNode",
          "java.util.concurrent.ConcurrentHashMap$TreeBin",
          "java.util.concurrent.ConcurrentHashMap$TreeNode");

  private EventWriting() {}

  /**
   * Loads them now. Otherwise JFR loads some in the middle of an event. Other agents are asked
   * about each class that is loaded; where one throws, an event of that exception may be written
   * into the one that was begun, and the recording is unreadable. So this is to be called before
   * other agents are there, which is before JFR records.
   */
  public static void loadClasses() {
    for (String name : CLASSES) {
      try {
        Class.forName(name, true, null);
      } catch (ClassNotFoundException | LinkageError e) {
        // a JDK that writes events otherwise
      }
    }
  }
}
