package dev.kernelflight.agent;

import java.time.Duration;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;

/**
 * JFR ends the JVM when the disk of its repository is full. It limits a recording without an end to
 * 250 MB by itself, but not one that has a {@code maxage}.
 */
final class DiskLimit {
  private DiskLimit() {}

  /** What to tell of a recording that may fill the disk, or null. */
  static @Nullable String warning(Recording recording) {
    Duration age = recording.getMaxAge();
    if (!recording.isToDisk()
        || age == null
        || recording.getMaxSize() > 0
        || recording.getDuration() != null) {
      return null;
    }
    return "recording \""
        + recording.getName()
        + "\" keeps the events of "
        + age.toString().substring(2).toLowerCase(java.util.Locale.ROOT)
        + " without a limit of size, and JFR ends the JVM when its disk is full: give it maxsize, such"
        + " as maxsize=500m";
  }
}
