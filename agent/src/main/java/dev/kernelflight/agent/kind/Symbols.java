package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.sys.KernelSymbols;
import dev.kernelflight.bpf.sys.KernelSymbols.HiddenException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The names of the kernel's functions, read when the first is asked for. One thread at a time. */
public final class Symbols {
  private final Consumer<String> warnings;
  private @Nullable KernelSymbols symbols;
  private boolean hidden;

  /**
   * @param warnings takes the reason, once, where names cannot be had
   */
  public Symbols(Consumer<String> warnings) {
    this.warnings = warnings;
  }

  /**
   * The names, or null where they cannot be had. The first call reads them, which takes a tenth of
   * a second.
   */
  public @Nullable KernelSymbols get() {
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
