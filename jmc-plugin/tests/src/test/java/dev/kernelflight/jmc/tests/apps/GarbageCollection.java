package dev.kernelflight.jmc.tests.apps;

/**
 * Has its garbage collected once, and nothing else. What is slow is where the collector logs to.
 */
public final class GarbageCollection {
  private GarbageCollection() {}

  /** No arguments. */
  public static void main(String[] args) {
    System.gc();
    System.out.println("done");
  }
}
