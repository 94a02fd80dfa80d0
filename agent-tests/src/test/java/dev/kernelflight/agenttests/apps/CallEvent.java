package dev.kernelflight.agenttests.apps;

import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** An open as its caller saw it: what was asked for, what came back, and when at the outside. */
@Name(CallEvent.NAME)
@StackTrace(false)
final class CallEvent extends Event {
  static final String NAME = "test.Call";

  public @Nullable String what;
  public @Nullable String path;
  public @Nullable String flags;
  public @Nullable String mode;
  public int directoryFd;
  public int fd;
  public @Nullable String errno;
  public int tid;
}
