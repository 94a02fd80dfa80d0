package dev.kernelflight.bpf.attach;

import java.util.List;
import java.util.stream.Collectors;

/** No hook could be had; the message names each with its reason. */
public final class NoHookException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final transient List<Refusal> refusals;

  /** With every hook that was tried. */
  public NoHookException(String what, List<Refusal> refusals) {
    super(what + ": " + refusals.stream().map(Refusal::toString).collect(Collectors.joining("\n")));
    this.what = what;
    this.refusals = List.copyOf(refusals);
  }

  /** What was to be seen, in words. */
  public String what() {
    return what;
  }

  /** Whether trying again later may help. */
  public boolean mayPass() {
    return refusals.stream().anyMatch(Refusal::mayPass);
  }

  /** Every hook that was tried. */
  public List<Refusal> refusals() {
    return refusals;
  }
}
