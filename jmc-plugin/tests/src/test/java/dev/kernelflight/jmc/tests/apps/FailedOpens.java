package dev.kernelflight.jmc.tests.apps;

import java.io.FileInputStream;
import java.io.IOException;

/** Looks for a file in a number of directories, again and again, and does not find it. */
public final class FailedOpens {
  private static final int DIRECTORIES = 20;
  private static final int TIMES = 100;

  private FailedOpens() {}

  /** Arguments: the directory to search below, the name to search. */
  public static void main(String[] args) {
    for (int i = 0; i < TIMES; i++) {
      for (int j = 0; j < DIRECTORIES; j++) {
        try (FileInputStream in = new FileInputStream(args[0] + "/place-" + j + "/" + args[1])) {
          throw new IllegalStateException("it is there: " + in);
        } catch (IOException e) {
          // as expected
        }
      }
    }
    System.out.println("done");
  }
}
