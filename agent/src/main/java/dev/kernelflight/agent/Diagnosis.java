package dev.kernelflight.agent;

import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A failure in the words of someone who has to act on it.
 *
 * @param problem what could not be done, and what the kernel or the JVM answered
 * @param advice what to do about it
 */
public record Diagnosis(String problem, String advice) {
  private static final Path SELF = Path.of("/proc/self");
  private static final Path LOCKDOWN = Path.of("/sys/kernel/security/lockdown");
  private static final Path PARANOID = Path.of("/proc/sys/kernel/perf_event_paranoid");
  private static final String LOCKED_MEMORY = "Max locked memory";
  private static final int CAP_PERFMON = 38;
  private static final int CAP_BPF = 39;
  private static final int ENOSYS = 38;

  /** Makes sense of whatever stopped the agent. */
  public static Diagnosis of(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case AgentOptions.BadOptionException e -> {
          return new Diagnosis(
              String.valueOf(e.getMessage()),
              "use -javaagent:ebpf-agent.jar[=OPTION,...] with\n" + AgentOptions.KNOWN);
        }
        case NoHookException e -> {
          return new Diagnosis(
              "no hook for "
                  + e.what()
                  + " could be had. Tried:\n  "
                  + e.refusals().stream()
                      .map(Refusal::toString)
                      .collect(Collectors.joining("\n  ")),
              adviceOnHooks(e.refusals()));
        }
        case KernelException e -> {
          return new Diagnosis(
              String.valueOf(e.getMessage()),
              Restrictions.current().advice(e.isPermission(), e.errno() == ENOSYS));
        }
        case UnsupportedOperationException e -> {
          return new Diagnosis(
              String.valueOf(e.getMessage()), "run it there, or without the agent");
        }
        case IllegalCallerException e -> {
          return new Diagnosis(
              "this JVM denies native access: " + String.valueOf(e.getMessage()),
              "start it with --enable-native-access=ALL-UNNAMED (on the command line or in"
                  + " JDK_JAVA_OPTIONS)");
        }
        case NoClassDefFoundError e when String.valueOf(e.getMessage()).startsWith("jdk/jfr/") -> {
          return new Diagnosis(
              "this Java runtime has no JDK Flight Recorder",
              "use a runtime with the module jdk.jfr");
        }
        default -> {
          // its cause may tell more
        }
      }
    }
    return new Diagnosis(
        failure.toString(), "please report this, with the kernel's and the JDK's version");
  }

  private static String adviceOnHooks(List<Refusal> refusals) {
    String advice =
        Restrictions.current()
            .withMapsMade()
            .advice(refusals.stream().anyMatch(Refusal::permission), false);
    List<HookKind> kinds =
        refusals.stream().map(refusal -> refusal.hook().kind()).distinct().toList();
    return kinds.equals(List.of(HookKind.FENTRY)) || kinds.equals(List.of(HookKind.KPROBE))
        ? advice + "\n  attach=auto tries the other kinds of hooks, too"
        : advice;
  }

  /**
   * What may keep this process from tracing, as the kernel prints it; empty where it does not say.
   *
   * @param capabilities the effective ones as a hexadecimal mask, {@code CapEff} of proc(5)
   * @param seccomp {@code Seccomp} of proc(5), 0 for no filter
   * @param lockdown the modes, that in force in brackets
   * @param lockedMemory the limit on it in bytes, or {@code unlimited}
   * @param paranoid the setting {@code kernel.perf_event_paranoid}
   */
  public record Restrictions(
      String capabilities, String seccomp, String lockdown, String lockedMemory, String paranoid) {
    /** Number of a capability. */
    public static final int CAP_SYS_ADMIN = 21;

    /** Number of a capability. */
    public static final int CAP_SYS_RESOURCE = 24;

    static Restrictions current() {
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
          status.field("CapEff"),
          status.field("Seccomp"),
          content(LOCKDOWN),
          lockedMemoryLimit(proc),
          content(PARANOID));
    }

    /** Without what has not hindered the maps, which need most of the locked memory. */
    Restrictions withMapsMade() {
      return new Restrictions(capabilities, seccomp, lockdown, "unlimited", paranoid);
    }

    /**
     * What to do.
     *
     * @param permission whether the kernel said that privileges are missing
     * @param missing whether it said that there is no such call
     */
    String advice(boolean permission, boolean missing) {
      List<String> advice = new ArrayList<>();
      if (lockdown.contains("[confidentiality]")) {
        advice.add(
            "the kernel is locked down for confidentiality, which forbids tracing: boot with"
                + " lockdown=integrity or none");
      }
      if (permission) {
        List<String> lacking = lackingCapabilities();
        if (!lacking.isEmpty()) {
          advice.add(
              "this process lacks "
                  + String.join(" and ", lacking)
                  + ": run as root, or grant them (Docker: --cap-add BPF --cap-add PERFMON;"
                  + " systemd: AmbientCapabilities=CAP_BPF CAP_PERFMON)");
        }
        if (lacking.isEmpty() && paranoid.matches("[3-9]") && !has(CAP_SYS_ADMIN)) {
          advice.add(
              "kernel.perf_event_paranoid is "
                  + paranoid
                  + ", with which kernels of some distributions leave perf_event_open(2) to"
                  + " CAP_SYS_ADMIN: set it to 2, or grant that");
        }
        if (lacking.isEmpty() && lockedMemory.matches("\\d{1,18}") && !has(CAP_SYS_RESOURCE)) {
          advice.add(
              "kernels before 5.11 count BPF maps as locked memory, of which this process may have "
                  + Long.parseLong(lockedMemory) / 1024
                  + " kB (RLIMIT_MEMLOCK): raise it (ulimit -l unlimited; Docker: --ulimit"
                  + " memlock=-1; systemd: LimitMEMLOCK=infinity), or grant CAP_SYS_RESOURCE");
        }
      }
      if ((permission || missing) && !seccomp.isEmpty() && !seccomp.equals("0")) {
        advice.add(
            "a seccomp filter is in force and may block bpf(2) and perf_event_open(2): allow them"
                + " in the container's seccomp profile");
      }
      if (missing) {
        advice.add("the kernel may be built without CONFIG_BPF_SYSCALL");
      }
      if (advice.isEmpty()) {
        advice.add(
            "see docs/permissions.md; needed are Linux 5.10 or newer with CONFIG_BPF_SYSCALL and"
                + " one of fentry, kprobes or raw tracepoints");
      }
      return String.join("\n  ", advice);
    }

    /** Those that tracing needs and this process has not, by name. */
    public List<String> lackingCapabilities() {
      long effective;
      try {
        effective = Long.parseUnsignedLong(capabilities, 16);
      } catch (NumberFormatException e) {
        return List.of();
      }
      List<String> lacking = new ArrayList<>();
      if ((effective >>> CAP_SYS_ADMIN & 1) == 0) {
        if ((effective >>> CAP_BPF & 1) == 0) {
          lacking.add("CAP_BPF");
        }
        if ((effective >>> CAP_PERFMON & 1) == 0) {
          lacking.add("CAP_PERFMON");
        }
      }
      return lacking;
    }

    /** Whether a capability is known to be there, by its number. */
    public boolean has(int capability) {
      try {
        return (Long.parseUnsignedLong(capabilities, 16) >>> capability & 1) != 0;
      } catch (NumberFormatException e) {
        return false;
      }
    }

    /** The hard limit: the agent has raised the soft one to it. */
    private static String lockedMemoryLimit(Path proc) {
      return content(proc.resolve("limits"))
          .lines()
          .filter(line -> line.startsWith(LOCKED_MEMORY))
          .map(line -> line.substring(LOCKED_MEMORY.length()).strip().split(" +", 3)[1])
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

    private static String content(Path file) {
      try {
        return Files.readString(file).strip();
      } catch (IOException e) {
        // not Linux, or not mounted
        return "";
      }
    }
  }

  /**
   * The whole message.
   *
   * @param refusesToStart whether the application ends here
   */
  String text(boolean refusesToStart) {
    return textWith(
        refusesToStart
            ? "The application does not start, because required=true was asked for."
            : "The application runs on without kernel events.");
  }

  /** The whole message where other kernel events are recorded all the same. */
  String textOfPart() {
    return textWith("The application runs on, with the other kernel events.");
  }

  /** The whole message where what was short may be there again in a moment. */
  String textOfShortage() {
    return textWith(
        "The application runs on. The agent tries again each second, and recordings tell what is"
            + " missing.");
  }

  private String textWith(String ending) {
    return problem
        + "\n  system: "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.version")
        + " on "
        + System.getProperty("os.arch")
        + ", Java "
        + System.getProperty("java.version")
        + "\n  what to do: "
        + advice
        + "\n  "
        + ending;
  }
}
