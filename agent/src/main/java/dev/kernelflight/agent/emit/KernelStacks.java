package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.CpuSampleRecord;
import dev.kernelflight.bpf.sys.KernelSymbols;
import dev.kernelflight.bpf.sys.KernelSymbols.HiddenException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The kernel functions of samples by name. The names are read when the first sample in the kernel
 * comes. One thread at a time.
 */
public final class KernelStacks {
  private static final String UNKNOWN = "[unknown]";

  private final Consumer<String> warnings;
  private final StringBuilder text = new StringBuilder();
  private @Nullable KernelSymbols symbols;
  private boolean hidden;

  /**
   * @param warnings takes the reason, once, where names cannot be had
   */
  public KernelStacks(Consumer<String> warnings) {
    this.warnings = warnings;
  }

  /** Reads the names now, which takes a tenth of a second, instead of when they are needed. */
  public void load() {
    symbols();
  }

  /** The innermost function, or null in user mode and where names cannot be had. */
  public @Nullable String function(CpuSampleRecord record) {
    KernelSymbols known = record.frames() == 0 ? null : symbols();
    return known == null ? null : name(known, record.frame(0));
  }

  /** All functions from the innermost one, one a line; or null likewise. */
  public @Nullable String text(CpuSampleRecord record) {
    KernelSymbols known = record.frames() == 0 ? null : symbols();
    if (known == null) {
      return null;
    }
    text.setLength(0);
    for (int i = 0; i < record.frames(); i++) {
      text.append(i == 0 ? "" : "\n").append(name(known, record.frame(i)));
    }
    return text.toString();
  }

  private static String name(KernelSymbols symbols, long address) {
    String name = symbols.function(address);
    return name == null ? UNKNOWN : name;
  }

  private @Nullable KernelSymbols symbols() {
    if (symbols == null && !hidden) {
      try {
        symbols = KernelSymbols.read();
      } catch (HiddenException e) {
        hidden = true;
        warnings.accept(e.getMessage());
      }
    }
    return symbols;
  }
}
