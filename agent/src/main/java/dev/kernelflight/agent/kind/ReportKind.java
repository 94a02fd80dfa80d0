package dev.kernelflight.agent.kind;

import java.util.function.Function;

/** A kind of event by which the agent tells of its own work; no thread of the application's. */
final class ReportKind extends Kind {
  private final boolean usual;
  private final Function<KernelEvent, String> words;

  ReportKind(
      String eventName,
      String option,
      String plural,
      boolean usual,
      Function<KernelEvent, String> words) {
    super(eventName, option, plural);
    this.usual = usual;
    this.words = words;
  }

  @Override
  public boolean isOfThread() {
    return false;
  }

  @Override
  public boolean isUsual() {
    return usual;
  }

  @Override
  public String what(KernelEvent event) {
    return words.apply(event);
  }

  @Override
  public String result(KernelEvent event) {
    return "";
  }

  static String loss(KernelEvent event) {
    long count = event.number("count");
    long cpu = event.number("cpu");
    return (count < 0 ? "an unknown number of" : count)
        + " events"
        + (cpu < 0 ? "" : " of CPU " + cpu)
        + ": "
        + event.text("reason");
  }

  static String probe(KernelEvent event) {
    String refused = event.text("refused");
    return join(
        " ",
        event.text("event"),
        "by",
        event.text("hook"),
        event.text("target"),
        refused == null ? null : "(refused: " + refused.replace("\n", "; ") + ")");
  }
}
