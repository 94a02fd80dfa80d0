package dev.kernelflight.jmc.tests.apps;

import java.io.FileInputStream;
import java.util.concurrent.TimeUnit;

/** Opens a FIFO whose other end comes late. */
public final class SlowOpen {
  private SlowOpen() {}

  /** Argument: where to make the FIFO. */
  public static void main(String[] args) throws Exception {
    String fifo = args[0];
    if (new ProcessBuilder("mkfifo", fifo).inheritIO().start().waitFor() != 0) {
      throw new IllegalStateException("no FIFO at " + fifo);
    }
    Process writer =
        new ProcessBuilder("sh", "-c", "sleep 1; echo content > \"$0\"", fifo).inheritIO().start();
    try (FileInputStream in = new FileInputStream(fifo)) {
      in.readAllBytes();
    }
    writer.waitFor(1, TimeUnit.MINUTES);
    System.out.println("done");
  }
}
