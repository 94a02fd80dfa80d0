package dev.kernelflight.bpf.attach;

/** A hook that cannot be had on this kernel, or not with these privileges, or not now. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  RefusedException(Refusal refusal) {
    super(refusal.toString());
    this.refusal = refusal;
  }

  /** Which, and why. */
  public Refusal refusal() {
    return refusal;
  }
}
