package dev.kernelflight.agenttests.apps;

import java.util.ArrayDeque;
import java.util.Queue;
import jdk.jfr.Recording;

/** Threads that start and end all the while, each with a task of 2 kB that dies with it. */
public final class ManyThreads {
  private static final int AT_ONCE = 20;
  private static final int TASK_BYTES = 2_000;

  private ManyThreads() {}

  /**
   * Arguments: how many; platform or virtual. A third each before, during and after a recording.
   */
  public static void main(String[] args) throws Exception {
    int third = Integer.parseInt(args[0]) / 3;
    Thread.Builder builder = args[1].equals("virtual") ? Thread.ofVirtual() : Thread.ofPlatform();
    // a first one, with which the agent finds out whether it can do at all
    try (Recording first = new Recording()) {
      first.start();
    }
    startAndEnd(builder, third);
    try (Recording recording = new Recording()) {
      recording.start();
      startAndEnd(builder, third);
      recording.stop();
    }
    startAndEnd(builder, third);
    try (Recording recording = new Recording()) {
      recording.disable("kernel.FileOpen");
      recording.disable("kernel.Syscall");
      recording.disable("kernel.SyscallStatistics");
      recording.start();
      startAndEnd(builder, third);
    }
    System.out.println("done");
  }

  private static void startAndEnd(Thread.Builder builder, int count) throws InterruptedException {
    Queue<Thread> running = new ArrayDeque<>();
    for (int i = 0; i < count; i++) {
      byte[] task = new byte[TASK_BYTES];
      running.add(builder.start(() -> task[0]++));
      if (running.size() == AT_ONCE) {
        running.remove().join();
      }
    }
    for (Thread thread : running) {
      thread.join();
    }
  }
}
