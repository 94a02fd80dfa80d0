package dev.kernelflight.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file {@code status} of proc(5) of one process, as it was when it was read. */
public record ProcStatus(String text) {
  /**
   * Reads it.
   *
   * @param proc such as {@code /proc/self}
   */
  public static ProcStatus of(Path proc) throws IOException {
    return new ProcStatus(Files.readString(proc.resolve("status")));
  }

  /** What stands behind a field's name, or nothing where there is no such field. */
  public String field(String name) {
    return text.lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst()
        .orElse("");
  }

  /** The effective user, for a message. */
  public static String userOf(Path proc) {
    try {
      return "uid " + of(proc).field("Uid").split("\\s+", -1)[1];
    } catch (IOException | ArrayIndexOutOfBoundsException e) {
      return "unknown";
    }
  }
}
