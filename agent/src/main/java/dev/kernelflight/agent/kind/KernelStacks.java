package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.sys.KernelSymbols;
import org.jspecify.annotations.Nullable;

/** Kernel stacks by the names of functions. One thread at a time. */
final class KernelStacks {
  private static final String UNKNOWN = "[unknown]";

  private final Symbols known;
  private final StringBuilder text = new StringBuilder();

  KernelStacks(Symbols known) {
    this.known = known;
  }

  /** The innermost function, or null in user mode and where names cannot be had. */
  @Nullable String function(CpuSampleRecord record) {
    KernelSymbols symbols = record.frames() == 0 ? null : known.get();
    return symbols == null ? null : name(symbols, record.frame(0));
  }

  /** All functions from the innermost one, one a line; or null likewise. */
  @Nullable String text(CpuSampleRecord record) {
    KernelSymbols symbols = record.frames() == 0 ? null : known.get();
    if (symbols == null) {
      return null;
    }
    text.setLength(0);
    for (int i = 0; i < record.frames(); i++) {
      text.append(i == 0 ? "" : "\n").append(name(symbols, record.frame(i)));
    }
    return text.toString();
  }

  private static String name(KernelSymbols symbols, long address) {
    String name = symbols.function(address);
    return name == null ? UNKNOWN : name;
  }
}
