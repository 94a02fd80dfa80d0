package dev.kernelflight.jmc.tests.apps;

import java.io.FileInputStream;
import java.io.IOException;

/** Reads its configuration anew each time that it is asked for a value. */
public final class RepeatedOpens {
  private static final int TIMES = 3000;

  private RepeatedOpens() {}

  /** Argument: the file. */
  public static void main(String[] args) throws Exception {
    for (int i = 0; i < TIMES; i++) {
      configuration(args[0]);
    }
    System.out.println("done");
  }

  private static byte[] configuration(String file) throws IOException {
    try (FileInputStream in = new FileInputStream(file)) {
      return in.readNBytes(16);
    }
  }
}
