package dev.kernelflight.agent;

import dev.kernelflight.bpf.program.VerifierException;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Gates;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.PerfEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why the kernel refused a call. The errno alone does not say: EPERM is a missing capability as
 * well as a seccomp filter, and EACCES a setting as well as a security module. So the system is
 * asked for each of them, and only what is the case is named.
 */
final class Causes {
  /** What may also end the loading of a program that the verifier has accepted. */
  private static final Set<String> SHORTAGES = Set.of("EMFILE", "ENFILE", "ENOMEM", "EAGAIN");

  private static final Pattern FREQUENCY = Pattern.compile(" at (\\d{1,9}) Hz");
  private static final int OLDEST_MAJOR = 5;
  private static final int OLDEST_MINOR = 10;

  private final KernelException refusal;
  private final Restrictions restrictions;

  private Causes(KernelException refusal, Restrictions restrictions) {
    this.refusal = refusal;
    this.restrictions = restrictions;
  }

  /**
   * What is in the way of a call of this process.
   *
   * @return all that is known to be; none where the fault can only be the agent's own
   */
  static List<Hindrance> of(KernelException refusal, Restrictions restrictions) {
    return new Causes(refusal, restrictions).find();
  }

  private List<Hindrance> find() {
    if (isTracing() && restrictions.lockedDown().isPresent()) {
      return restrictions.lockedDown().stream().toList();
    }
    if (refusal instanceof VerifierException && !SHORTAGES.contains(refusal.errnoName())) {
      // all privileges are there, and the program is ours
      return List.of();
    }
    return switch (refusal.errnoName()) {
      case "EPERM", "EACCES" -> forbidden();
      case "ENOSYS" -> List.of(missingCall());
      case "EMFILE" -> List.of(restrictions.tooManyOpenFiles());
      case "ENFILE" ->
          List.of(
              new Hindrance(
                  "all processes together have as many files open as they may, which is "
                      + Restrictions.content(Path.of("/proc/sys/fs/file-max"))
                      + " (fs.file-max)",
                  "raise it: sysctl fs.file-max"));
      case "ENOMEM", "EAGAIN" -> List.of(noMemory());
      case "ENOSPC" ->
          List.of(
              new Hindrance(
                  "the kernel has no room left for another one",
                  refusal.systemCall().equals("epoll_ctl")
                      ? "raise fs.epoll.max_user_watches"
                      : "end other programs that trace"));
      case "ENOENT" -> List.of(Restrictions.missingFileSystem().orElseGet(Causes::unable));
      case "EINVAL" -> List.of(tooOften() ? sampleRate() : unable());
      case "ENODEV", "ENXIO", "EBUSY", "E2BIG", "EOPNOTSUPP", "ENOTSUPP" -> List.of(unable());
      default -> List.of();
    };
  }

  private boolean isTracing() {
    return refusal.systemCall().equals("bpf") || refusal.systemCall().equals("perf_event_open");
  }

  private List<Hindrance> forbidden() {
    if (refusal.systemCall().equals("mmap")) {
      return restrictions.perfBufferMemory().map(List::of).orElseGet(Causes::unexplained);
    }
    List<Hindrance> causes = new ArrayList<>();
    boolean filtered = restrictions.hasSeccompFilter() && Gates.isFiltered(refusal);
    if (isTracing()) {
      restrictions.privileges().ifPresent(causes::add);
    }
    if (filtered) {
      causes.add(Restrictions.filter(refusal.systemCall()));
    }
    return !causes.isEmpty() ? causes : forbiddenInSpiteOfPrivileges();
  }

  private List<Hindrance> forbiddenInSpiteOfPrivileges() {
    if (refusal.systemCall().equals("perf_event_open")
        && restrictions.paranoidKernel().isPresent()) {
      return restrictions.paranoidKernel().stream().toList();
    }
    if (Gates.isForbidden(refusal)) {
      return List.of(restrictions.securityModule(refusal.systemCall() + "(2)"));
    }
    Optional<String> capability = isTracing() ? Gates.refusedCapability() : Optional.empty();
    if (capability.isPresent()) {
      return List.of(restrictions.securityModule(capability.get()));
    }
    return isForWantOfMapMemory()
        ? restrictions.mapMemory().map(List::of).orElseGet(Causes::unexplained)
        : unexplained();
  }

  /** Kernels that count maps as locked memory answer EPERM; nothing else is left of it by now. */
  private boolean isForWantOfMapMemory() {
    if (!refusal.systemCall().equals("bpf") || !refusal.errnoName().equals("EPERM")) {
      return false;
    }
    if (refusal.call().contains("BPF_MAP_CREATE")) {
      return true;
    }
    try {
      Bpf.createMap("memory", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, Long.BYTES, 1, 0).close();
      return false;
    } catch (KernelException e) {
      return true;
    }
  }

  private static List<Hindrance> unexplained() {
    return List.of(
        new Hindrance(
            "this process has the privileges, and no filter, security module or limit is to be seen"
                + " that would forbid this",
            "look into the kernel's log (dmesg)"));
  }

  private Hindrance missingCall() {
    String call = refusal.systemCall();
    String setting = call.equals("bpf") ? "unprivileged_bpf_disabled" : "perf_event_paranoid";
    boolean built = Restrictions.hasSetting(setting);
    if (isTracing() && !built && Restrictions.hasSetting("pid_max")) {
      return new Hindrance(
          "this kernel is built without " + call + "(2)",
          "use one with " + (call.equals("bpf") ? "CONFIG_BPF_SYSCALL" : "CONFIG_PERF_EVENTS"));
    }
    return restrictions.hasSeccompFilter()
        ? Restrictions.filter(call)
        : new Hindrance("this kernel has no " + call + "(2)", "use Linux 5.10 or newer");
  }

  private static Hindrance noMemory() {
    String group =
        Restrictions.content(Path.of("/proc/self/cgroup"))
            .lines()
            .filter(line -> line.startsWith("0::/"))
            .map(line -> line.substring("0::/".length()))
            .findFirst()
            .orElse("");
    String most =
        Restrictions.content(Path.of("/sys/fs/cgroup").resolve(group).resolve("memory.max"));
    boolean limited = most.matches("\\d{1,18}");
    return new Hindrance(
        limited
            ? "the kernel has no memory for it; all of this process' control group may have "
                + Restrictions.kiloBytes(most)
                + " (memory.max)"
            : "the kernel has no memory for it",
        (limited ? "raise that, or make" : "make")
            + " the buffers smaller (pages=64 is a sixteenth of the default)");
  }

  /** The kernel lowers its own limit on samples where they take too long. */
  private boolean tooOften() {
    Matcher frequency = FREQUENCY.matcher(refusal.call());
    return frequency.find()
        && Integer.parseInt(frequency.group(1))
            > PerfEvent.mostSamplesPerSecond().orElse(Integer.MAX_VALUE);
  }

  private static Hindrance sampleRate() {
    return new Hindrance(
        "the kernel takes "
            + PerfEvent.mostSamplesPerSecond().orElse(0)
            + " samples a second at most (kernel.perf_event_max_sample_rate, which it lowers where"
            + " sampling takes too long)",
        "take fewer samples, or raise that");
  }

  private static Hindrance unable() {
    String version = System.getProperty("os.version", "");
    String[] numbers = version.split("[^0-9]+", 3);
    boolean old = false;
    try {
      int major = Integer.parseInt(numbers[0]);
      old =
          major < OLDEST_MAJOR
              || (major == OLDEST_MAJOR && Integer.parseInt(numbers[1]) < OLDEST_MINOR);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      // a kernel of another kind
    }
    return new Hindrance(
        old ? "this is Linux " + version : "this kernel, Linux " + version + ", cannot do that",
        "needed are Linux 5.10 or newer with CONFIG_BPF_SYSCALL, and one of fentry, kprobes or raw"
            + " tracepoints: see docs/permissions.md");
  }
}
