package dev.kernelflight.bpf.sys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether the kernel may take the CPU from a thread in the middle of kernel code, and so of an
 * fentry program. It skips such a program for whoever else comes to it on that CPU until that
 * thread goes on.
 */
public final class Preemption {
  private static final Path VERSION = Path.of("/proc/sys/kernel/version");
  private static final Path RELEASE = Path.of("/proc/sys/kernel/osrelease");
  private static final Path COMMAND_LINE = Path.of("/proc/cmdline");

  /** {@code none voluntary (full) lazy}; only where debugfs is mounted, and for root. */
  private static final Path MODE = Path.of("/sys/kernel/debug/sched/preempt");

  private static final Pattern CHOSEN_MODE = Pattern.compile("\\((\\w+)\\)");
  private static final Pattern ASKED_FOR = Pattern.compile("(?:^|.*\\s)preempt=(\\w+).*");
  private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+).*");
  private static final Set<String> MODES_THAT_DO = Set.of("full", "lazy");

  private Preemption() {}

  /** Whether this kernel does, as far as it tells; supposed where it is likely. */
  public static boolean interruptsPrograms() {
    return interruptsPrograms(read(VERSION), read(RELEASE), read(COMMAND_LINE), read(MODE));
  }

  static boolean interruptsPrograms(
      String version, String release, String commandLine, String modes) {
    if (!version.contains("PREEMPT_DYNAMIC")) {
      return version.contains("PREEMPT");
    }
    Matcher chosen = CHOSEN_MODE.matcher(modes);
    if (chosen.find()) {
      return MODES_THAT_DO.contains(chosen.group(1));
    }
    Matcher asked = ASKED_FOR.matcher(commandLine.strip());
    if (asked.matches()) {
      return MODES_THAT_DO.contains(asked.group(1));
    }
    // distributions chose "voluntary" until there was "lazy"
    Matcher numbers = NUMBERS.matcher(release.strip());
    if (!numbers.matches()) {
      return true;
    }
    int major = Integer.parseInt(numbers.group(1));
    return major > 6 || (major == 6 && Integer.parseInt(numbers.group(2)) >= 13);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
