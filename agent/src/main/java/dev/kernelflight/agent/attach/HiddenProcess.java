package dev.kernelflight.agent.attach;

import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.Restrictions;
import java.nio.file.Path;

/**
 * Why the kernel does not tell of a process to this one. The rules are those of ptrace(2), "Ptrace
 * access mode checking".
 */
public final class HiddenProcess {
  private HiddenProcess() {}

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
