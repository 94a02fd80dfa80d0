package dev.kernelflight.agenttests.apps;

import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A thread of this process as /proc shows it. */
@Name(TaskEvent.NAME)
@StackTrace(false)
final class TaskEvent extends Event {
  static final String NAME = "test.Task";

  public int tid;
  public @Nullable String name;
}
