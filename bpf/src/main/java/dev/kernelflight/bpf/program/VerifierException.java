package dev.kernelflight.bpf.program;

import dev.kernelflight.bpf.sys.KernelException;
import java.util.List;

/**
 * A program that the kernel's verifier refused. The message holds the last lines of its log, where
 * the reason stands, and says how many were left out; {@link #log()} holds all.
 */
public final class VerifierException extends KernelException {
  private static final long serialVersionUID = 1L;

  /** The newest kernels explain a refusal in up to 20 lines, and the reason comes first. */
  private static final int SHOWN_LINES = 24;

  private final String log;

  VerifierException(KernelException refusal, String log) {
    super(refusal.call(), refusal.errno());
    this.log = log;
  }

  /** The whole log. */
  public String log() {
    return log;
  }

  /** Never: privileges are asked for before the verifier looks, which also answers EACCES. */
  @Override
  public boolean isPermission() {
    return false;
  }

  @Override
  public String getMessage() {
    List<String> lines = log.lines().filter(line -> !line.isBlank()).toList();
    int leftOut = Math.max(0, lines.size() - SHOWN_LINES);
    return super.getMessage()
        + "; the verifier says"
        + (leftOut > 0 ? " (" + leftOut + " lines before left out):\n  " : ":\n  ")
        + String.join("\n  ", lines.subList(leftOut, lines.size()));
  }
}
