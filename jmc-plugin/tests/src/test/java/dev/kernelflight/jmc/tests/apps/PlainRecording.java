package dev.kernelflight.jmc.tests.apps;

import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.Recording;

/** Records itself without any setting, as programs do that know nothing of settings files. */
public final class PlainRecording {
  private PlainRecording() {}

  /**
   * Runs.
   *
   * @param args {@code RECORDING}
   */
  public static void main(String[] args) throws Exception {
    try (Recording recording = new Recording()) {
      recording.start();
      Files.exists(Path.of("absent"));
      Files.readString(Path.of("/proc/self/comm"));
      recording.stop();
      recording.dump(Path.of(args[0]));
    }
    System.out.println("done");
  }
}
