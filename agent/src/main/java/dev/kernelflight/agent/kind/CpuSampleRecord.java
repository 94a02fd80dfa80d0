package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.abi.Wire;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct cpu_sample_event} of {@code event.h}, whose start and end are the moment of the
 * sample, and its texts.
 */
public final class CpuSampleRecord extends KernelRecord {
  private static final int STACK = Wire.CpuSampleEvent.STACK;

  private final KernelStacks stacks;

  CpuSampleRecord(Symbols symbols) {
    stacks = new KernelStacks(symbols);
  }

  @Override
  boolean isWhole(int length) {
    return length >= STACK && stackLength() <= length - STACK;
  }

  @Override
  public void fields(Fields fields) {
    fields.text("mode", mode());
    fields.text("kernelFunction", function());
    fields.text("kernelStack", stackText());
    fields.number("cpu", cpu());
  }

  String mode() {
    return inKernel() ? CpuSampleKind.KERNEL : CpuSampleKind.USER;
  }

  @Nullable String function() {
    return stacks.function(this);
  }

  @Nullable String stackText() {
    return stacks.text(this);
  }

  /** The CPU. */
  public int cpu() {
    return intAt(Wire.CpuSampleEvent.CPU);
  }

  /** Whether it ran the kernel; else it ran the process' own code. */
  public boolean inKernel() {
    return intAt(Wire.CpuSampleEvent.MODE) == Wire.SampleMode.SAMPLE_KERNEL;
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
    return intAt(Wire.CpuSampleEvent.STACK_LENGTH);
  }
}
