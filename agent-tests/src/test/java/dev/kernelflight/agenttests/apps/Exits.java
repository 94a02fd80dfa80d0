package dev.kernelflight.agenttests.apps;

import java.io.FileInputStream;
import java.io.IOException;

/** Opens a file and is gone. */
public final class Exits {
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
      case "exception" -> {
        open(args[1]);
        throw new IllegalStateException("thrown by the application");
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
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
