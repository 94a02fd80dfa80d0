package dev.kernelflight.bpf.attach;

/**
 * A hook that could not be had, and why, in words that name the call and the kernel's answer.
 *
 * @param permission whether privileges were missing, and not the mechanism
 */
public record Refusal(Hook hook, String reason, boolean permission) {
  @Override
  public String toString() {
    return hook + ": " + reason;
  }
}
