package dev.kernelflight.benchmarks.workload;

/** The smallest application. */
public final class Hello {
  private Hello() {}

  /** Runs. */
  public static void main(String[] args) {
    System.out.println("hello " + MainThreadClock.nanosBetweenAgents());
  }
}
