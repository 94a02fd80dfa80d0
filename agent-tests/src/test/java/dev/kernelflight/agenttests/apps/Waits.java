package dev.kernelflight.agenttests.apps;

import java.io.IOException;

/** Does nothing, and needs nothing but java.base, until its standard input ends. */
public final class Waits {
  private Waits() {}

  /** No arguments. */
  public static void main(String[] args) throws IOException {
    while (System.in.read() >= 0) {
      // not yet
    }
  }
}
