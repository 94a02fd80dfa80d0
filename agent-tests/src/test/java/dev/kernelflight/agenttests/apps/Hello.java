package dev.kernelflight.agenttests.apps;

/** Says hello, in words that no agent may change. */
public final class Hello {
  private Hello() {}

  /** Prints its arguments. */
  public static void main(String[] args) {
    System.out.println("Hello, " + String.join(" ", args) + " \u00e4\u20ac");
  }
}
