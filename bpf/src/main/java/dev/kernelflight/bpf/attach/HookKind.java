package dev.kernelflight.bpf.attach;

/** How a program gets into the kernel's way, cheapest first. */
public enum HookKind {
  /** fentry and fexit: a trampoline at a kernel function, found by the kernel's BTF. */
  FENTRY("fentry"),
  /** kprobe and kretprobe: a breakpoint or jump at a kernel function. */
  KPROBE("kprobe"),
  /** The raw tracepoints sys_enter and sys_exit, which every system call passes. */
  TRACEPOINT("tracepoint"),
  /** A counter of each CPU that interrupts it so many times a second: only for samples. */
  PERF_EVENT("perf event");

  private final String text;

  HookKind(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
