package dev.kernelflight.jmc.tests.apps;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Reads and writes files as one should, on two threads. */
public final class Healthy {
  private static final int FILES = 20;

  private Healthy() {}

  /** Argument: an empty directory. */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<?>[] work = new Future<?>[FILES];
      for (int i = 0; i < FILES; i++) {
        Path file = directory.resolve("file-" + i);
        work[i] = threads.submit(() -> work(file));
      }
      for (Future<?> done : work) {
        done.get();
      }
    }
    System.gc();
    System.out.println("done");
  }

  private static long work(Path file) throws IOException {
    Files.writeString(file, "a line\n".repeat(10_000));
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      return reader.lines().count();
    }
  }
}
