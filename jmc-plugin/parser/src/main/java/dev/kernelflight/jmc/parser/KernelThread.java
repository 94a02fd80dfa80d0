package dev.kernelflight.jmc.parser;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.IMCThreadGroup;

/** A thread with a lane of its own that the recording has none for. */
record KernelThread(@Nullable Long javaId, long osThreadId, String name) implements IMCThread {
  @Override
  public @Nullable Long getThreadId() {
    return javaId;
  }

  @Override
  public String getThreadName() {
    return name;
  }

  @Override
  public @Nullable IMCThreadGroup getThreadGroup() {
    return null;
  }

  @Override
  public String toString() {
    return name;
  }
}
