package dev.kernelflight.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the figures were measured on.
 *
 * @param loadAtStart tasks that wanted a CPU, on average over the last minute
 */
record Machine(String loadAtStart) {
  static Machine atStart() throws IOException {
    return new Machine(load());
  }

  String text(String hook) throws IOException {
    return """
    machine  %s, %d CPUs, Linux %s %s
    JVM      %s
    hook     %s
    load     %s at start, %s at end
    """
        .formatted(
            cpuModel(),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.version"),
            System.getProperty("os.arch"),
            System.getProperty("java.vm.name") + " " + Runtime.version(),
            hook,
            loadAtStart,
            load());
  }

  private static String load() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0];
  }

  /** As /proc/cpuinfo has it; aarch64 names none. */
  private static String cpuModel() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unnamed CPU");
  }
}
