package dev.kernelflight.bpf.source;

/** The sources that there are. */
public final class Sources {
  /** Opens of files. */
  public static final FileOpens FILE_OPENS = new FileOpens();

  /** System calls, one by one. */
  public static final Syscalls SYSCALLS = new Syscalls();

  /** Counts and times of all system calls. */
  public static final SyscallStatistics SYSCALL_STATISTICS = new SyscallStatistics();

  /** What CPUs do at regular moments. */
  public static final CpuSamples CPU_SAMPLES = new CpuSamples();

  private Sources() {}
}
