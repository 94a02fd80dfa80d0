package dev.kernelflight.agent;

import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.util.stream.Collectors;

/** What failed for want of something that may be there again in a moment, told from the rest. */
final class Shortage {
  private Shortage() {}

  /**
   * Whether trying again later may help: descriptors, memory, threads, or a file of {@code /proc}
   * or {@code /sys} may be there by then. A privilege, or a feature of the kernel, is not.
   */
  static boolean mayPass(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case KernelException e -> {
          return e.mayPass();
        }
        case NoHookException e -> {
          return e.mayPass();
        }
        case IOException e -> {
          return true;
        }
        case OutOfMemoryError e -> {
          return true;
        }
        default -> {
          // its cause may tell more
        }
      }
    }
    return false;
  }

  /** What was tried and what was answered, in lines. */
  static String reason(Throwable failure) {
    return failure instanceof NoHookException e
        ? e.refusals().stream().map(Refusal::toString).collect(Collectors.joining("\n"))
        : Diagnosis.of(failure).problem();
  }

  /**
   * What to tell people.
   *
   * @param part whether some kernel events are recorded nevertheless
   */
  static String message(Throwable failure, boolean part) {
    Diagnosis diagnosis = Diagnosis.of(failure);
    if (mayPass(failure)) {
      return diagnosis.textOfShortage();
    }
    return part ? diagnosis.textOfPart() : diagnosis.text(false);
  }
}
