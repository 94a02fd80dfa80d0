package dev.kernelflight.agenttests.apps;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * All file descriptors that the process may have; not more than some hundreds, if it is started so.
 */
final class Descriptors {
  private static final String FILE = "/dev/null";

  private final List<FileInputStream> taken = new ArrayList<>();

  void takeAll() {
    try {
      while (true) {
        taken.add(new FileInputStream(FILE));
      }
    } catch (FileNotFoundException e) {
      // that was the last one
    }
  }

  void giveBack() throws IOException {
    for (FileInputStream each : taken) {
      each.close();
    }
    taken.clear();
  }
}
