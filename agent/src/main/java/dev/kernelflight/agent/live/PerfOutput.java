package dev.kernelflight.agent.live;

import dev.kernelflight.agent.show.EventTable;
import dev.kernelflight.agent.show.JsonLine;
import dev.kernelflight.agent.show.StandardOutput;
import dev.kernelflight.bpf.sys.Terminal;
import java.util.List;

/** Standard output as lines of a table or of JSON, while they come. */
public final class PerfOutput {
  private final boolean json;
  private final StandardOutput out;
  private int width = EventTable.UNLIMITED;
  private EventTable table = new EventTable(true, width);

  /**
   * @param json whether as JSON, one object a line
   */
  public PerfOutput(boolean json) {
    this.json = json;
    out = StandardOutput.open(json);
  }

  /** The names of the columns. */
  void printHeader() {
    if (!json) {
      fit();
      out.line(table.header());
    }
    out.flush();
  }

  /** Prints a batch; returns whether anybody reads on, as not behind {@code | head}. */
  boolean print(List<ObservedEvent> batch) {
    fit();
    for (ObservedEvent event : batch) {
      // a batch may have a million lines, and formatting those for nobody takes seconds
      if (out.isClosed()) {
        return false;
      }
      out.line(json ? JsonLine.of(event) : table.line(event));
    }
    return out.flush();
  }

  void print(PerfSummary summary) {
    if (json) {
      out.line(summary.json());
    } else {
      summary.print(out, width);
    }
    out.flush();
  }

  /** A terminal may become wider or narrower at any time. */
  private void fit() {
    int now = Terminal.columns().orElse(EventTable.UNLIMITED);
    if (now != width) {
      width = now;
      table = new EventTable(true, now);
    }
  }
}
