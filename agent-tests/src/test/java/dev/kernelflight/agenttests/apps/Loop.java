package dev.kernelflight.agenttests.apps;

import java.io.File;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import jdk.jfr.Recording;

/** Opens one path again and again from many threads, while only kernel events are recorded. */
public final class Loop {
  private Loop() {}

  /**
   * Arguments: path, threads at a time, opens of each, file of the recording, the name of a thread
   * that shall hardly run, or "-", and in how many threads, one after the other, each of them makes
   * its opens.
   */
  public static void main(String[] args) throws Exception {
    String path = args[0];
    int threads = Integer.parseInt(args[1]);
    int times = Integer.parseInt(args[2]);
    int generations = Integer.parseInt(args[5]);
    open(path, 1000);
    // a thread that comes and goes in the JVM's first milliseconds may stay unknown, as README says
    Thread.sleep(500);
    Map<String, String> settings =
        Map.of(
            "kernel.FileOpen#enabled", "true",
            // what is lost is to be of these, and not one that the JVM made meanwhile
            "kernel.FileOpen#path", path,
            "kernel.EventsLost#enabled", "true",
            "kernel.Syscall#enabled", "false",
            "kernel.SyscallStatistics#enabled", "false");
    try (Recording recording = new Recording(settings)) {
      recording.start();
      if (!args[4].equals("-")) {
        LibC.makeIdle(threadNamed(args[4]));
      }
      Thread[] running = new Thread[threads];
      for (int i = 0; i < threads; i++) {
        String name = "loop-" + i;
        running[i] =
            Thread.ofPlatform()
                .start(() -> {
                  for (int j = 0; j < generations; j++) {
                    join(
                        Thread.ofPlatform()
                            .name(name)
                            .start(() -> open(path, times / generations)));
                  }
                });
      }
      // where one starts or ends all change to another chunk
      try (Recording other = new Recording(settings)) {
        other.start();
      }
      for (Thread thread : running) {
        join(thread);
      }
      recording.stop();
      recording.dump(Path.of(args[3]));
    }
    System.out.println("done");
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void open(String path, int times) {
    try (Arena arena = Arena.ofConfined()) {
      long address = LibC.string(arena, path).address();
      for (int i = 0; i < times; i++) {
        long fd = LibC.call(LibC.OPENAT, LibC.AT_FDCWD, address, 0, 0);
        if (fd >= 0) {
          LibC.call(LibC.CLOSE, fd);
        }
      }
    }
  }

  private static int threadNamed(String name) throws Exception {
    File[] tasks = new File("/proc/self/task").listFiles();
    for (File task : tasks == null ? new File[0] : tasks) {
      if (Files.readString(task.toPath().resolve("comm")).strip().equals(name)) {
        return Integer.parseInt(task.getName());
      }
    }
    throw new IllegalStateException("no thread " + name);
  }
}
