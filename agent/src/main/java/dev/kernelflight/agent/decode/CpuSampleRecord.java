package dev.kernelflight.agent.decode;

/**
 * {@code struct cpu_sample_event} of {@code event.h}, behind the header, whose start and end are
 * the moment of the sample:
 *
 * <pre>
 *   56 cpu (u32)   60 mode (u32)   64 stack length (s32)   68 (u32)   72 stack (u64 each)
 * </pre>
 */
public final class CpuSampleRecord extends KernelRecord {
  /** {@code EVENT_CPU_SAMPLE}. */
  public static final int TYPE = 3;

  static final int CPU = 56;
  static final int MODE = 60;
  static final int STACK_LENGTH = 64;
  static final int STACK = 72;

  private static final int SAMPLE_KERNEL = 1;

  @Override
  boolean isWhole(int length) {
    return length >= STACK && stackLength() <= length - STACK;
  }

  /** The CPU. */
  public int cpu() {
    return intAt(CPU);
  }

  /** Whether it ran the kernel; else it ran the process' own code. */
  public boolean inKernel() {
    return intAt(MODE) == SAMPLE_KERNEL;
  }

  /** How many functions the kernel's stack has; 0 in user mode, or where it could not be had. */
  public int frames() {
    return Math.max(stackLength(), 0) / Long.BYTES;
  }

  /** An address in a kernel function, by its index from the innermost one. */
  public long frame(int index) {
    return longAt(STACK + index * Long.BYTES);
  }

  private int stackLength() {
    return intAt(STACK_LENGTH);
  }
}
