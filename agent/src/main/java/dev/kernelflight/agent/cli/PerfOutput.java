package dev.kernelflight.agent.cli;

import dev.kernelflight.bpf.sys.Terminal;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Standard output as lines of a table or of JSON. */
final class PerfOutput {
  private static final int BUFFER_BYTES = 1 << 16;

  private final boolean json;
  private final PrintStream out;
  private int width = EventTable.UNLIMITED;
  private EventTable table = new EventTable(true, width);

  PerfOutput(boolean json) {
    this.json = json;
    // a buffer of its own, since that of System.out is emptied at each line
    out =
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES),
            false,
            json ? StandardCharsets.UTF_8 : System.out.charset());
  }

  /** The names of the columns. */
  void printHeader() {
    if (!json) {
      fit();
      out.println(table.header());
    }
    out.flush();
  }

  /** Prints a batch; returns whether anybody reads on, as not behind {@code | head}. */
  boolean print(List<LiveEvent> batch) {
    fit();
    for (LiveEvent event : batch) {
      out.println(json ? event.json() : table.line(event.line()));
    }
    return !out.checkError();
  }

  void print(PerfSummary summary) {
    if (json) {
      out.println(summary.json());
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
