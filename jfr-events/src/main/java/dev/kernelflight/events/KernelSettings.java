package dev.kernelflight.events;

/** The settings of kernel events beyond JFR's own, and when they change. */
public final class KernelSettings {
  /** Of kernel.FileOpen: path prefixes or globs, separated by commas; empty for all paths. */
  public static final String PATH = "path";

  /** Of kernel.FileOpen and kernel.Syscall: only calls that failed. */
  public static final String ERRORS_ONLY = "errorsOnly";

  /** Of kernel.Syscall: names and groups, separated by commas; with {@code !} those left out. */
  public static final String SYSCALLS = "syscalls";

  /** Of kernel.SyscallStatistics: each thread for itself. */
  public static final String BY_THREAD = "byThread";

  private KernelSettings() {}

  /** Called on any thread when a recording changes one of them; there is one listener. */
  public static void setOnChange(Runnable listener) {
    KernelSetting.setOnChange(listener);
  }
}
