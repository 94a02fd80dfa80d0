package dev.kernelflight.bpf.source;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment.ClassicTracepoint;
import dev.kernelflight.bpf.attach.Hook.Attachment.KprobeMulti;
import dev.kernelflight.bpf.attach.Hook.Attachment.RawTracepoint;
import dev.kernelflight.bpf.attach.Hook.Attachment.TracepointSwitch;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.sys.Bpf;
import java.util.List;

/**
 * The hooks that depend on the kernel, in the order in which they are tried.
 *
 * @param fileOpens functions that see nothing but opens, see {@link FileOpenHooks}
 * @param syscalls the tracepoints that every system call passes
 * @param threadEnds the tracepoint that every thread passes at its end
 */
public record HookOrder(List<Hook> fileOpens, List<Hook> syscalls, List<Hook> threadEnds) {
  /** All system calls by programs of raw tracepoints: the cheapest. */
  public static final Hook RAW_SYSCALLS =
      new Hook(
          HookKind.TRACEPOINT,
          "sys_enter, sys_exit",
          List.of(
              new RawTracepoint("sys_exit", "sys_exit"),
              new RawTracepoint("sys_enter", "sys_enter")));

  /** All system calls by programs of classic tracepoints, which are not preempted. */
  public static final Hook CLASSIC_SYSCALLS =
      new Hook(
          HookKind.TRACEPOINT,
          "raw_syscalls/sys_enter, raw_syscalls/sys_exit",
          List.of(
              new ClassicTracepoint("sys_exit_classic", "raw_syscalls/sys_exit"),
              new ClassicTracepoint("sys_enter_classic", "raw_syscalls/sys_enter")));

  private static final Hook RAW_THREAD_END =
      new Hook(
          HookKind.TRACEPOINT,
          "sched_process_exit",
          List.of(new RawTracepoint("thread_exit", "sched_process_exit")));

  private static final Hook CLASSIC_THREAD_END =
      new Hook(
          HookKind.TRACEPOINT,
          "sched/sched_process_exit",
          List.of(new ClassicTracepoint("thread_exit_classic", "sched/sched_process_exit")));

  private static final Hook THREAD_END_FUNCTION =
      new Hook(
          HookKind.TRACEPOINT, "do_exit", List.of(new KprobeMulti("thread_exit_multi", "do_exit")));

  /** All system calls by the functions that run the tracepoints. */
  private static Hook syscallFunctions(String entry, String exit) {
    return new Hook(
        HookKind.TRACEPOINT,
        entry + ", " + exit,
        List.of(
            new KprobeMulti("sys_exit_multi", exit),
            new KprobeMulti("sys_enter_multi", entry),
            new TracepointSwitch("nothing", "sys_exit"),
            new TracepointSwitch("nothing", "sys_enter")));
  }

  /**
   * Those that miss no call on the running kernel, cheapest first, and last what may miss some and
   * tells.
   */
  public static HookOrder ofThisKernel() {
    return of(Architecture.current(), Bpf.preemptsRawTracepoints());
  }

  /** Those of a kernel that preempts programs of raw tracepoints, or does not. */
  public static HookOrder of(Architecture architecture, boolean preemptsRawTracepoints) {
    List<Hook> fileOpens = FileOpenHooks.inOrder(architecture, KernelNames.of(architecture));
    if (!preemptsRawTracepoints) {
      return new HookOrder(fileOpens, List.of(RAW_SYSCALLS), List.of(RAW_THREAD_END));
    }
    Hook functions =
        architecture == Architecture.AARCH64
            ? syscallFunctions("syscall_trace_enter", "syscall_trace_exit")
            : syscallFunctions("trace_syscall_enter", "trace_syscall_exit");
    return new HookOrder(
        fileOpens,
        List.of(CLASSIC_SYSCALLS, functions, RAW_SYSCALLS),
        List.of(CLASSIC_THREAD_END, THREAD_END_FUNCTION, RAW_THREAD_END));
  }

  /** The same with other functions for file opens. */
  public HookOrder withFileOpens(List<Hook> others) {
    return new HookOrder(others, syscalls, threadEnds);
  }

  /** The same with only these ways to the tracepoints. */
  public HookOrder withTracepoints(List<Hook> ofSyscalls, List<Hook> ofThreadEnds) {
    return new HookOrder(fileOpens, ofSyscalls, ofThreadEnds);
  }
}
