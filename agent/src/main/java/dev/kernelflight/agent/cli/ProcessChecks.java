package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.Diagnosis.Restrictions;
import dev.kernelflight.agent.ProcStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a process may do, as /proc tells: this one, or another that is to be traced. */
final class ProcessChecks {
  /** PROC_PID_INIT_INO of the kernel's {@code linux/proc_ns.h}. */
  private static final String INITIAL_PID_NAMESPACE = "pid:[4026531836]";

  /** All ids, mapped to themselves: user_namespaces(7). */
  private static final String INITIAL_USER_NAMESPACE = "0 0 4294967295";

  private static final List<Path> CONTAINER_MARKS =
      List.of(Path.of(".dockerenv"), Path.of("run/.containerenv"));
  private static final String GRANT =
      "run as root, or grant CAP_BPF and CAP_PERFMON (systemd: AmbientCapabilities=CAP_BPF"
          + " CAP_PERFMON)";

  private final Path proc;
  private final Restrictions restrictions;

  /**
   * @param proc such as {@code /proc/self}
   */
  ProcessChecks(Path proc) {
    this.proc = proc;
    restrictions = Restrictions.of(proc);
  }

  List<Check> run() {
    List<Check> checks = new ArrayList<>();
    checks.add(capabilities());
    checks.add(seccomp());
    checks.add(
        Check.ok(
            "pid-namespace",
            hasOwnPidNamespace()
                ? "one of its own: events have the ids that the JVM sees"
                : "the machine's"));
    checks.add(lockedMemory());
    return checks;
  }

  private Check capabilities() {
    List<String> lacking = restrictions.lackingCapabilities();
    String user = ProcStatus.userOf(proc);
    if (restrictions.capabilities().isEmpty()) {
      return Check.warn("capabilities", "not to be seen: " + proc + " cannot be read", "");
    }
    if (!lacking.isEmpty()) {
      return Check.fail("capabilities", user + ", without " + String.join(" and ", lacking), GRANT);
    }
    if (!inInitialUserNamespace()) {
      return Check.fail(
          "capabilities",
          user + ", in a user namespace, where capabilities do not count for tracing",
          "run it without a user namespace: not rootless, not with userns-remap");
    }
    return Check.ok(
        "capabilities",
        user
            + (restrictions.has(Restrictions.CAP_SYS_ADMIN)
                ? ", with CAP_SYS_ADMIN, which includes CAP_BPF and CAP_PERFMON"
                : ", with CAP_BPF and CAP_PERFMON"));
  }

  private boolean inInitialUserNamespace() {
    try {
      return Files.readString(proc.resolve("uid_map"))
          .strip()
          .replaceAll("\\s+", " ")
          .equals(INITIAL_USER_NAMESPACE);
    } catch (IOException e) {
      // a kernel without user namespaces
      return true;
    }
  }

  private Check seccomp() {
    return switch (restrictions.seccomp()) {
      case "", "0" -> Check.ok("seccomp", "no filter");
      default ->
          Check.warn(
              "seccomp",
              "a filter is in force",
              "it must allow bpf, perf_event_open and process_vm_readv; no matter if all below is"
                  + " ok");
    };
  }

  private boolean hasOwnPidNamespace() {
    try {
      return !Files.readSymbolicLink(proc.resolve("ns/pid"))
          .toString()
          .equals(INITIAL_PID_NAMESPACE);
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether it is in a container, or in what looks like one. */
  boolean isContained() {
    return hasOwnPidNamespace()
        || CONTAINER_MARKS.stream()
            .anyMatch(mark -> Files.exists(proc.resolve("root").resolve(mark)));
  }

  private Check lockedMemory() {
    String limit = restrictions.lockedMemory();
    String finding = limit.matches("\\d{1,18}") ? Long.parseLong(limit) / 1024 + " kB" : limit;
    return limit.matches("\\d{1,6}") && !restrictions.has(Restrictions.CAP_SYS_RESOURCE)
        ? Check.warn(
            "memlock",
            finding + " of locked memory",
            "too little for kernels before 5.11: ulimit -l unlimited, or CAP_SYS_RESOURCE")
        : Check.ok("memlock", finding);
  }
}
