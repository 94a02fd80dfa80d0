package dev.kernelflight.agenttests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Signals that ask a process to end, and may be ignored in it. */
final class Signals {
  private static final List<String> NAMES = List.of("HUP", "INT", "TERM");

  private Signals() {}

  /**
   * What a command line begins with to heed them: those that a shell ignores in what it starts in
   * the background would be ignored by a JVM that is started here, too.
   */
  static List<String> heeding() {
    long self = ProcessHandle.current().pid();
    return NAMES.stream().anyMatch(signal -> ignores(self, signal))
        ? List.of("env", "--default-signal=" + String.join(",", NAMES))
        : List.of();
  }

  /** Whether a process was started with a signal ignored. */
  static boolean ignores(long pid, String signal) {
    try {
      String ignored =
          Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
              .filter(line -> line.startsWith("SigIgn:"))
              .map(line -> line.substring("SigIgn:".length()).strip())
              .findFirst()
              .orElseThrow();
      int number =
          switch (signal) {
            case "HUP" -> 1;
            case "INT" -> 2;
            default -> 15;
          };
      return (Long.parseUnsignedLong(ignored, 16) >>> (number - 1) & 1) != 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
