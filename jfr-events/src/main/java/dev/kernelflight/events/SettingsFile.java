package dev.kernelflight.events;

import java.io.IOException;
import java.io.InputStream;

/**
 * The JFR settings files for kernel events, made to be merged with the JDK's own of the same use.
 */
public enum SettingsFile {
  /** For continuous use. */
  DEFAULT("kernel-default.jfc"),
  /** For some minutes. */
  PROFILE("kernel-profile.jfc");

  private final String fileName;

  SettingsFile(String fileName) {
    this.fileName = fileName;
  }

  /** The name that the documentation gives it. */
  public String fileName() {
    return fileName;
  }

  /** Its bytes, as JFR reads them. */
  public byte[] content() throws IOException {
    try (InputStream in = SettingsFile.class.getResourceAsStream(fileName)) {
      if (in == null) {
        throw new IOException(fileName + " is missing from the jar");
      }
      return in.readAllBytes();
    }
  }
}
