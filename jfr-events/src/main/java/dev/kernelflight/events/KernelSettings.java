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

  /** Of kernel.CpuSample: how often, in Hz. */
  public static final String FREQUENCY = "frequency";

  private KernelSettings() {}

  /** Called on any thread when a recording changes one of them; there is one listener. */
  public static void setOnChange(Runnable listener) {
    SettingText.setOnChange(listener);
  }

  /** The control of {@link #PATH}. */
  public static final class PathControl extends SettingText {
    /** Made by JFR. */
    public PathControl() {
      super("", ",");
    }
  }

  /** The control of {@link #SYSCALLS}. */
  public static final class SyscallsControl extends SettingText {
    /** Made by JFR. */
    public SyscallsControl() {
      super("all", ",");
    }
  }

  /** The control of {@link #FREQUENCY}. */
  public static final class FrequencyControl extends SettingText {
    /** Made by JFR. */
    public FrequencyControl() {
      super(CpuSampleEvent.DEFAULT_FREQUENCY, ",");
    }
  }

  /** The control of {@link #ERRORS_ONLY} and {@link #BY_THREAD}. */
  public static final class FlagControl extends SettingText {
    /** Made by JFR. */
    public FlagControl() {
      super("false", ",");
    }
  }
}
