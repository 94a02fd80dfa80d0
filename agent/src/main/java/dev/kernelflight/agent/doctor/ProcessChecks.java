package dev.kernelflight.agent.doctor;

import dev.kernelflight.agent.Restrictions;
import dev.kernelflight.agent.attach.JvmProcess;
import dev.kernelflight.bpf.sys.Gates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a process may do, as /proc tells: this one, or another that is to be traced. */
public final class ProcessChecks {
  /** PROC_PID_INIT_INO of the kernel's {@code linux/proc_ns.h}. */
  private static final String INITIAL_PID_NAMESPACE = "pid:[4026531836]";

  private static final List<String> FILTERED =
      List.of("bpf", "perf_event_open", "process_vm_readv");

  /** Ten million bytes and more are enough for the maps. */
  private static final int LARGE_DIGITS = 8;

  private static final List<Path> CONTAINER_MARKS =
      List.of(Path.of(".dockerenv"), Path.of("run/.containerenv"));

  private final Path proc;
  private final Restrictions restrictions;
  private final boolean isThisOne;
  private final boolean mapsAreLockedMemory;

  private ProcessChecks(Path proc, boolean isThisOne, KernelChecks kernel) {
    this.proc = proc;
    this.isThisOne = isThisOne;
    restrictions = Restrictions.of(proc);
    mapsAreLockedMemory = kernel.mapsAreLockedMemory();
  }

  public static ProcessChecks ofThisOne(KernelChecks kernel) {
    return new ProcessChecks(Path.of("/proc/self"), true, kernel);
  }

  public static ProcessChecks of(JvmProcess jvm, KernelChecks kernel) {
    return new ProcessChecks(jvm.proc(), false, kernel);
  }

  public List<Check> run() {
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
    String user = restrictions.user();
    if (restrictions.capabilities().isEmpty()) {
      return Check.warn("capabilities", "not to be seen: " + proc + " cannot be read", "");
    }
    return restrictions
        .privileges()
        .map(lack -> Check.fail("capabilities", user + ": " + lack.what(), lack.remedy()))
        .orElseGet(() ->
            Check.ok(
                "capabilities",
                user
                    + (restrictions.has(Restrictions.CAP_SYS_ADMIN)
                        ? ", with CAP_SYS_ADMIN, which includes CAP_BPF and CAP_PERFMON"
                        : ", with CAP_BPF and CAP_PERFMON")));
  }

  private Check seccomp() {
    if (!restrictions.hasSeccompFilter()) {
      return Check.ok("seccomp", "no filter");
    }
    if (!isThisOne) {
      return Check.warn(
          "seccomp",
          "a filter is in force, and what it refuses is not to be seen from outside",
          "it must allow " + String.join(", ", FILTERED));
    }
    List<String> refused =
        FILTERED.stream().filter(call -> Gates.filterOf(call).isPresent()).toList();
    return refused.isEmpty()
        ? Check.ok("seccomp", "a filter is in force, which allows " + String.join(", ", FILTERED))
        : Check.warn(
            "seccomp",
            "a filter is in force, which refuses " + String.join(", ", refused),
            Restrictions.filter(refused.get(0)).remedy());
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
  public boolean isContained() {
    return hasOwnPidNamespace()
        || CONTAINER_MARKS.stream()
            .anyMatch(mark -> Files.exists(proc.resolve("root").resolve(mark)));
  }

  private Check lockedMemory() {
    String finding = Restrictions.kiloBytes(restrictions.lockedMemory());
    return restrictions
        .mapMemory()
        .filter(limit -> mapsAreLockedMemory && restrictions.lockedMemory().length() < LARGE_DIGITS)
        .map(limit -> Check.warn("memlock", limit.what(), limit.remedy()))
        .orElseGet(() -> Check.ok("memlock", finding));
  }
}
