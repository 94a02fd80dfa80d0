package dev.kernelflight.agent;

/**
 * One thing that is in the way of tracing.
 *
 * @param what it is
 * @param remedy what to do about it
 */
public record Hindrance(String what, String remedy) {
  @Override
  public String toString() {
    return what + ": " + remedy;
  }
}
