package dev.kernelflight.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What may keep a process from tracing, as the system says it, and in words for people. The agent's
 * messages and doctor both take their words from here.
 *
 * @param user the effective one, such as {@code uid 1000}
 * @param capabilities the effective ones as a hexadecimal mask, {@code CapEff} of proc(5); empty
 *     where the system does not say, as in all that follow
 * @param initialUserNamespace whether its user namespace is the machine's, where capabilities count
 * @param seccomp {@code Seccomp} of proc(5), 0 for no filter
 * @param lockdown the modes of the kernel's lockdown, that in force in brackets
 * @param securityModules the names of the Linux security modules in force
 * @param label of the process, by which security modules decide
 * @param lockedMemory the hard limit on it in bytes, or {@code unlimited}
 * @param openFiles the limit on open files, or {@code unlimited}
 * @param paranoid the setting {@code kernel.perf_event_paranoid}
 * @param perfMemory the setting {@code kernel.perf_event_mlock_kb}
 */
public record Restrictions(
    String user,
    String capabilities,
    boolean initialUserNamespace,
    String seccomp,
    String lockdown,
    String securityModules,
    String label,
    String lockedMemory,
    String openFiles,
    String paranoid,
    String perfMemory) {
  /** Number of a capability. */
  public static final int CAP_IPC_LOCK = 14;

  /** Number of a capability. */
  public static final int CAP_SYS_PTRACE = 19;

  /** Number of a capability. */
  public static final int CAP_SYS_ADMIN = 21;

  /** Number of a capability. */
  public static final int CAP_SYS_RESOURCE = 24;

  private static final int CAP_PERFMON = 38;
  private static final int CAP_BPF = 39;

  private static final Path SELF = Path.of("/proc/self");
  private static final Path SETTINGS = Path.of("/proc/sys/kernel");
  private static final Path SECURITY = Path.of("/sys/kernel/security");

  /** PROC_USER_INIT_INO of the kernel's {@code linux/proc_ns.h}. */
  private static final String INITIAL_USER_NAMESPACE = "user:[4026531837]";

  /** All ids, mapped to themselves: user_namespaces(7). */
  private static final String ALL_IDS = "0 0 4294967295";

  private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

  /** Those of this process. */
  public static Restrictions current() {
    return of(SELF);
  }

  /**
   * Those of a process.
   *
   * @param proc such as {@code /proc/self}
   */
  public static Restrictions of(Path proc) {
    ProcStatus status = status(proc);
    return new Restrictions(
        ProcStatus.userOf(proc),
        status.field("CapEff"),
        isInInitialUserNamespace(proc),
        status.field("Seccomp"),
        content(SECURITY.resolve("lockdown")),
        content(SECURITY.resolve("lsm")),
        content(proc.resolve("attr/current")),
        // the hard limit: the agent has raised the soft one to it
        limit(proc, "Max locked memory", 1),
        limit(proc, "Max open files", 0),
        content(SETTINGS.resolve("perf_event_paranoid")),
        content(SETTINGS.resolve("perf_event_mlock_kb")));
  }

  /** Whether a capability is known to be there, by its number. */
  public boolean has(int capability) {
    return has(capabilities, capability);
  }

  private static boolean has(String mask, int capability) {
    try {
      return (Long.parseUnsignedLong(mask, 16) >>> capability & 1) != 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** Whether it has no capability that another process has not. */
  public boolean hasNoMoreThan(Restrictions other) {
    try {
      long more =
          Long.parseUnsignedLong(capabilities, 16)
              & ~Long.parseUnsignedLong(other.capabilities, 16);
      return more == 0;
    } catch (NumberFormatException e) {
      return true;
    }
  }

  /** Those that tracing needs and this process has not, by name; none where that is not known. */
  public List<String> lackingCapabilities() {
    List<String> lacking = new ArrayList<>();
    if (capabilities.matches("[0-9a-f]{1,16}") && !has(CAP_SYS_ADMIN)) {
      if (!has(CAP_BPF)) {
        lacking.add("CAP_BPF");
      }
      if (!has(CAP_PERFMON)) {
        lacking.add("CAP_PERFMON");
      }
    }
    return lacking;
  }

  /** Missing capabilities, or capabilities that do not count. */
  public Optional<Hindrance> privileges() {
    if (!initialUserNamespace) {
      return Optional.of(
          new Hindrance(
              "this process is in a user namespace, where capabilities do not count for tracing",
              "run it without a user namespace: not rootless, not with userns-remap"));
    }
    List<String> lacking = lackingCapabilities();
    return lacking.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Hindrance(
                "this process lacks " + String.join(" and ", lacking),
                "run as root, or grant them (Docker: --cap-add BPF --cap-add PERFMON; systemd:"
                    + " AmbientCapabilities=CAP_BPF CAP_PERFMON)"));
  }

  /** The kernel's lockdown. */
  public Optional<Hindrance> lockedDown() {
    return lockdown.contains("[confidentiality]")
        ? Optional.of(
            new Hindrance(
                "the kernel is locked down for confidentiality, which forbids tracing",
                "boot with lockdown=integrity or none"))
        : Optional.empty();
  }

  /** A setting of some distributions' kernels. */
  public Optional<Hindrance> paranoidKernel() {
    return paranoid.matches("[3-9]") && !has(CAP_SYS_ADMIN)
        ? Optional.of(
            new Hindrance(
                "kernel.perf_event_paranoid is "
                    + paranoid
                    + ", with which kernels of some distributions leave perf_event_open(2) to"
                    + " CAP_SYS_ADMIN",
                "set it to 2, or grant that; without either use buffer=auto or buffer=ring, and there"
                    + " are no CPU samples"))
        : Optional.empty();
  }

  /** Whether a seccomp filter is in force. */
  public boolean hasSeccompFilter() {
    return !seccomp.isEmpty() && !seccomp.equals("0");
  }

  /** The filter that refuses a system call. */
  public static Hindrance filter(String call) {
    return new Hindrance(
        "a seccomp filter refuses " + call + "(2) to this process",
        "allow it in the container's seccomp profile (systemd: SystemCallFilter)");
  }

  /** The security module that refuses a system call or a capability. */
  public Hindrance securityModule(String what) {
    return new Hindrance(
        "a Linux security module"
            + (securityModules.isEmpty() ? "" : " (one of " + securityModules + ")")
            + " refuses "
            + what
            + " to this process"
            + (label.isEmpty() ? "" : ", which runs as " + label),
        "allow it in the policy; the kernel's log says which one (SELinux: ausearch -m avc)");
  }

  /** The limit on what BPF maps may have, on kernels that count them as locked memory. */
  public Optional<Hindrance> mapMemory() {
    return NUMBER.matcher(lockedMemory).matches() && !has(CAP_SYS_RESOURCE)
        ? Optional.of(
            new Hindrance(
                "kernels before 5.11 count BPF maps as locked memory, of which this process may"
                    + " have "
                    + kiloBytes(lockedMemory)
                    + " (RLIMIT_MEMLOCK)",
                "raise it (" + RAISE_LOCKED_MEMORY + "), or grant CAP_SYS_RESOURCE"))
        : Optional.empty();
  }

  /** The limit on what perf buffers may have. */
  public Optional<Hindrance> perfBufferMemory() {
    return has(CAP_IPC_LOCK)
        ? Optional.empty()
        : Optional.of(
            new Hindrance(
                "perf buffers count as locked memory, of which all processes of "
                    + user
                    + " together may have "
                    + (perfMemory.isEmpty() ? "little" : perfMemory + " kB")
                    + " for each CPU (kernel.perf_event_mlock_kb), and this process "
                    + kiloBytes(lockedMemory)
                    + " more (RLIMIT_MEMLOCK)",
                "use buffer=auto or buffer=ring, raise the limit ("
                    + RAISE_LOCKED_MEMORY
                    + "), or grant CAP_IPC_LOCK"));
  }

  private static final String RAISE_LOCKED_MEMORY =
      "ulimit -l unlimited; Docker: --ulimit memlock=-1; systemd: LimitMEMLOCK=infinity";

  /** The limit on open files. */
  public Hindrance tooManyOpenFiles() {
    return new Hindrance(
        "this process has as many files open as it may"
            + (openFiles.isEmpty() ? "" : ", which is " + openFiles)
            + " (RLIMIT_NOFILE)",
        "raise it (ulimit -n; Docker: --ulimit nofile=65536; systemd: LimitNOFILE=65536)");
  }

  /** A file system of the kernel's that is missing. */
  public static Optional<Hindrance> missingFileSystem() {
    if (!Files.exists(SELF.resolve("status"))) {
      return Optional.of(
          new Hindrance(
              "/proc is not mounted here, or is not that of this PID namespace",
              "mount it: mount -t proc proc /proc"));
    }
    return Files.exists(Path.of("/sys/devices/system/cpu"))
        ? Optional.empty()
        : Optional.of(
            new Hindrance(
                "/sys is not mounted here, where the kernel tells of its CPUs",
                "mount it: mount -t sysfs -o ro sysfs /sys"));
  }

  /** Whether the kernel has a setting: each comes with what it is about. */
  static boolean hasSetting(String name) {
    return Files.exists(SETTINGS.resolve(name));
  }

  /** A limit in bytes, for people. */
  public static String kiloBytes(String limit) {
    return NUMBER.matcher(limit).matches()
        ? Long.parseLong(limit) / 1024 + " kB"
        : limit.isEmpty() ? "an unknown amount" : limit;
  }

  private static boolean isInInitialUserNamespace(Path proc) {
    try {
      return Files.readSymbolicLink(proc.resolve("ns/user"))
          .toString()
          .equals(INITIAL_USER_NAMESPACE);
    } catch (IOException e) {
      // another user's process, a kernel without user namespaces, or no /proc
      String ids = content(proc.resolve("uid_map"));
      return ids.isEmpty() || ids.replaceAll("\\s+", " ").equals(ALL_IDS);
    }
  }

  /**
   * A limit of a process.
   *
   * @param which 0 for the soft one, 1 for the hard one
   */
  private static String limit(Path proc, String name, int which) {
    return content(proc.resolve("limits"))
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip().split(" +", 3)[which])
        .findFirst()
        .orElse("");
  }

  private static ProcStatus status(Path proc) {
    try {
      return ProcStatus.of(proc);
    } catch (IOException e) {
      // not Linux, or not mounted
      return new ProcStatus("");
    }
  }

  static String content(Path file) {
    try {
      return Files.readString(file).replace('\0', ' ').strip();
    } catch (IOException | RuntimeException e) {
      // not Linux, not mounted, or not readable
      return "";
    }
  }
}
