package dev.kernelflight.bpf.attach;

import java.util.List;
import java.util.stream.Collectors;

/** No hook could be had; the message names each with its reason. */
public final class NoHookException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<Refusal> refusals;

  /** With every hook that was tried. */
  public NoHookException(List<Refusal> refusals) {
    super(refusals.stream().map(Refusal::toString).collect(Collectors.joining("\n")));
    this.refusals = List.copyOf(refusals);
  }

  /** Every hook that was tried. */
  public List<Refusal> refusals() {
    return refusals;
  }
}
