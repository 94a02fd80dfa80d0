package dev.kernelflight.agent.recording;

/** What the events {@code kernel.EventsLost} of a recording say, summed up. */
public final class Losses {
  private long counted;
  private boolean uncounted;

  /**
   * Adds one.
   *
   * @param count of its events, negative where nobody counted
   */
  public void add(long count) {
    if (count < 0) {
      uncounted = true;
    } else {
      counted += count;
    }
  }

  /** Whether anything is missing. */
  public boolean any() {
    return uncounted || counted > 0;
  }

  /** How many, for people: {@code 12}, or {@code 12 and an unknown number}. */
  public String number() {
    if (!uncounted) {
      return Long.toString(counted);
    }
    return counted == 0 ? "an unknown number" : counted + " and an unknown number";
  }
}
