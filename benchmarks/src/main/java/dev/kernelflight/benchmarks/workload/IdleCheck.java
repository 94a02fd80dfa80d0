package dev.kernelflight.benchmarks.workload;

import java.io.IOException;

/** Prints how many BPF programs this process holds while no recording runs. */
public final class IdleCheck {
  private IdleCheck() {}

  /** Runs. */
  public static void main(String[] args) throws IOException {
    System.out.println("programs " + OpenLoop.loadedPrograms());
  }
}
