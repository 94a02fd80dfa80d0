package dev.kernelflight.benchmarks.workload;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.jfr.Recording;

/**
 * Calls getppid, the cheapest system call that cannot be cached: in a tight loop with a recording,
 * and just before and after without one; or without any; or at a steady rate from several threads
 * with every call recorded. Prints
 *
 * <pre>
 *   loop MODE ROUND NANOS-PER-CALL NANOS-PER-CALL-WITHOUT
 *   idle NANOS-PER-CALL
 *   steady CALLS
 * </pre>
 */
public final class SyscallLoop {
  private static final int CALLS = 2_000;

  /** So few loops of so many calls that the machine is the same before, during and after. */
  private static final int LOOPS = 100;

  private static final int SLICES_OF_ROUND = 10;
  private static final int SETTLED_MILLIS = 50;
  private static final MethodHandle GETPPID =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("getppid").orElseThrow(),
              FunctionDescriptor.of(ValueLayout.JAVA_INT));

  private SyscallLoop() {}

  /** What a recording asks for while the loop runs. */
  enum Mode {
    /** The programs are attached, and find that they have nothing to do. */
    OTHER_CALLS,
    STATISTICS,
    THRESHOLD,
    BOTH;

    Recording recording() {
      Recording recording = new Recording();
      recording.disable("kernel.FileOpen");
      if (this == OTHER_CALLS) {
        recording.enable("kernel.Syscall").with("syscalls", "syncfs");
      }
      if (this == STATISTICS) {
        recording.disable("kernel.Syscall");
      }
      if (this == THRESHOLD || this == OTHER_CALLS) {
        recording.disable("kernel.SyscallStatistics");
      }
      return recording;
    }
  }

  /**
   * Runs.
   *
   * @param args {@code loop ROUNDS}, {@code idle}, or {@code steady THREADS CALLS-PER-SECOND
   *     SECONDS RECORDING}
   */
  public static void main(String[] args) throws Throwable {
    if (args[0].equals("loop")) {
      int rounds = Integer.parseInt(args[1]);
      for (int slice = 0; slice < (rounds + 1) * SLICES_OF_ROUND; slice++) {
        for (Mode mode : Mode.values()) {
          double before = untraced();
          double traced = traced(mode);
          double without = (before + untraced()) / 2;
          System.out.printf(
              "loop %s %d %.1f %.1f%n", mode, slice / SLICES_OF_ROUND, traced, without);
        }
      }
    } else if (args[0].equals("idle")) {
      double[] slices = new double[SLICES_OF_ROUND];
      for (int i = 0; i < slices.length; i++) {
        slices[i] = nanosPerCall();
      }
      Arrays.sort(slices);
      System.out.printf("idle %.1f%n", slices[SLICES_OF_ROUND / 2]);
    } else {
      steady(
          Integer.parseInt(args[1]),
          Integer.parseInt(args[2]),
          Integer.parseInt(args[3]),
          Path.of(args[4]));
    }
  }

  private static double untraced() throws Throwable {
    while (OpenLoop.loadedPrograms() > 0) {
      Thread.sleep(SETTLED_MILLIS);
    }
    return nanosPerCall();
  }

  private static double traced(Mode mode) throws Throwable {
    try (Recording recording = mode.recording()) {
      recording.start();
      Thread.sleep(SETTLED_MILLIS);
      return nanosPerCall();
    }
  }

  /** In the quietest tenth of the loops: neighbours of the machine only ever add. */
  private static double nanosPerCall() throws Throwable {
    double[] loops = new double[LOOPS];
    for (int i = 0; i < LOOPS; i++) {
      loops[i] = nanosPerCallOfOneLoop();
    }
    Arrays.sort(loops);
    return loops[LOOPS / 10];
  }

  private static double nanosPerCallOfOneLoop() throws Throwable {
    long begun = System.nanoTime();
    int last = 0;
    for (int i = 0; i < CALLS; i++) {
      last ^= (int) GETPPID.invokeExact();
    }
    long nanos = System.nanoTime() - begun;
    if (last == 1) {
      System.out.println("never: an even number of equal ids");
    }
    return (double) nanos / CALLS;
  }

  private static void steady(int threads, int perSecond, int seconds, Path file)
      throws InterruptedException, java.io.IOException {
    try (Recording recording = new Recording()) {
      recording.setDestination(file);
      recording.disable("kernel.FileOpen");
      recording.enable("kernel.Syscall").withThreshold(Duration.ZERO).with("syscalls", "getppid");
      recording.start();
      long each = (long) perSecond * seconds / threads;
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        callers.add(Thread.ofPlatform().start(() -> callSteadily(each, perSecond / threads)));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      System.out.println("steady " + each * threads);
    }
  }

  /** In bursts of a millisecond's calls. */
  private static void callSteadily(long calls, int perSecond) {
    try {
      int burst = Math.max(1, perSecond / 1000);
      long begun = System.nanoTime();
      for (long made = 0; made < calls; made++) {
        if (made % burst == 0) {
          long due = begun + made / burst * 1_000_000;
          while (System.nanoTime() < due) {
            Thread.onSpinWait();
            if (due - System.nanoTime() > 100_000) {
              Thread.sleep(0, 50_000);
            }
          }
        }
        int ignored = (int) GETPPID.invokeExact();
      }
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
