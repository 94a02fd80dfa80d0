package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.sys.KernelException;

/**
 * A hook that could not be had, and why, in words that name the call and the kernel's answer.
 *
 * @param permission whether privileges were missing, and not the mechanism
 * @param mayPass whether trying again later may help
 */
public record Refusal(Hook hook, String reason, boolean permission, boolean mayPass) {
  /** One that stays. */
  public Refusal(Hook hook, String reason, boolean permission) {
    this(hook, reason, permission, false);
  }

  /** The kernel's answer. */
  static Refusal of(Hook hook, KernelException answer) {
    return new Refusal(hook, answer.getMessage(), answer.isPermission(), answer.mayPass());
  }

  @Override
  public String toString() {
    return hook + ": " + reason;
  }
}
