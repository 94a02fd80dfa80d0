package dev.kernelflight.agent.attach;

import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.Restrictions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Why the kernel does not tell of a process to this one. The rules are those of ptrace(2), "Ptrace
 * access mode checking".
 */
public final class HiddenProcess {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final int MOUNT_POINT = 4;

  /** In numbers before Linux 5.8, in words since. */
  private static final Pattern HIDEPID =
      Pattern.compile("hidepid=(1|2|4|noaccess|invisible|ptraceable)");

  private HiddenProcess() {}

  /**
   * The option of /proc by which the kernel shows other users' processes to nobody but root, if
   * that may be why this process does not see one.
   */
  public static Optional<Hindrance> byMount() {
    if (Restrictions.current().has(Restrictions.CAP_SYS_PTRACE)) {
      return Optional.empty();
    }
    try (Stream<String> mounts = Files.lines(MOUNTS)) {
      // the last one lies on top of the others
      return mounts
          .filter(mount -> mount.split(" ", -1)[MOUNT_POINT].equals("/proc"))
          .reduce((lower, upper) -> upper)
          .map(HIDEPID::matcher)
          .filter(Matcher::find)
          .map(option ->
              new Hindrance(
                  "/proc is mounted with "
                      + option.group()
                      + ", which hides the processes of other users",
                  "run this as root, or as the user of the process"));
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /**
   * Why.
   *
   * @param proc such as {@code /proc/4711}
   */
  static Hindrance why(Path proc) {
    Restrictions own = Restrictions.current();
    Restrictions other = Restrictions.of(proc);
    boolean root = own.user().equals("uid 0");
    String grant =
        root ? "grant CAP_SYS_PTRACE (Docker: --cap-add SYS_PTRACE)" : "run this as root";
    if (!own.initialUserNamespace()) {
      return new Hindrance(
          "this command is in a user namespace, and what it may do there does not count for that"
              + " process",
          "run this outside, as root");
    }
    if (own.has(Restrictions.CAP_SYS_PTRACE)) {
      return new Hindrance(
          "the kernel or a security module hides it even from a process with CAP_SYS_PTRACE",
          "run this where it was started; the kernel's log may say more");
    }
    if (!other.user().equals(own.user())) {
      return new Hindrance(
          "it belongs to another user ("
              + other.user()
              + ")"
              + (root ? ", and this root lacks CAP_SYS_PTRACE" : ""),
          root ? grant : "run this as that user or as root");
    }
    return new Hindrance(
        other.hasNoMoreThan(own)
            ? "it has made itself not dumpable"
            : "it has capabilities that this process lacks",
        grant);
  }
}
