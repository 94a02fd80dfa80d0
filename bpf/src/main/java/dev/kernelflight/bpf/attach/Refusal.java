package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.sys.KernelException;
import java.util.Optional;

/**
 * A hook that could not be had, and why, in words that name the call and the kernel's answer.
 *
 * @param permission whether privileges were missing, and not the mechanism
 * @param mayPass whether trying again later may help
 * @param answer the kernel's, where it was asked
 */
public record Refusal(
    Hook hook,
    String reason,
    boolean permission,
    boolean mayPass,
    Optional<KernelException> answer) {
  /** One that stays, without having asked the kernel. */
  public Refusal(Hook hook, String reason, boolean permission) {
    this(hook, reason, permission, false, Optional.empty());
  }

  /** By the kernel. */
  static Refusal of(Hook hook, KernelException answer) {
    return new Refusal(
        hook, answer.getMessage(), answer.isPermission(), answer.mayPass(), Optional.of(answer));
  }

  @Override
  public String toString() {
    return hook + ": " + reason;
  }
}
