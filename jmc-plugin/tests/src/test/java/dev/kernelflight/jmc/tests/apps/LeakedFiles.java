package dev.kernelflight.jmc.tests.apps;

import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;

/** Opens a file for each request and forgets to close it; opens and closes another one as well. */
public final class LeakedFiles {
  private static final int REQUESTS = 500;

  private LeakedFiles() {}

  /** Arguments: the file that stays open, the one that does not. */
  public static void main(String[] args) throws Exception {
    List<FileInputStream> leaked = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      leaked.add(new FileInputStream(args[0]));
      try (FileInputStream in = new FileInputStream(args[1])) {
        in.read();
      }
    }
    System.out.println("done");
    System.exit(leaked.size() == REQUESTS ? 0 : 1); // which keeps them reachable until here
  }
}
