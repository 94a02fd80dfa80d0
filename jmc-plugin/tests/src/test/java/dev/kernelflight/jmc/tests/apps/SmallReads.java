package dev.kernelflight.jmc.tests.apps;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a file byte by byte without a buffer. */
public final class SmallReads {
  private static final int BYTES = 400_000;

  private SmallReads() {}

  /** Argument: where to make the file. */
  public static void main(String[] args) throws Exception {
    Files.write(Path.of(args[0]), new byte[BYTES]);
    System.out.println(sum(args[0]) == 0 ? "done" : "wrong");
  }

  private static int sum(String file) throws IOException {
    int sum = 0;
    try (FileInputStream in = new FileInputStream(file)) {
      for (int b = in.read(); b >= 0; b = in.read()) {
        sum += b;
      }
    }
    return sum;
  }
}
