package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.bpf.source.Source;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import jdk.jfr.Event;

/**
 * A kind of event that the kernel is asked for.
 *
 * @param <W> what can be wanted of its source
 */
public abstract class TracedKind<W> extends Kind {
  private final Source<W> source;

  TracedKind(String eventName, String option, String plural, Source<W> source) {
    super(eventName, option, plural);
    this.source = source;
  }

  /** Where it comes from. */
  public final Source<W> source() {
    return source;
  }

  /** Its event type for JFR. */
  public abstract Class<? extends Event> eventClass();

  /** Whether a recording that does not say so has it. */
  public boolean isOnByDefault() {
    return true;
  }

  /** What recordings that enable it, one at least, want together. */
  public abstract W wanted(Requests requests);

  /** All of it, as doctor tries. */
  public abstract W all();

  /** Has this process make some of it, as doctor tries. */
  public void provoke() throws IOException {
    try {
      new FileInputStream("/kernelflight-doctor/no-such-file").close();
    } catch (FileNotFoundException e) {
      // an open, a system call, and CPU time
    }
  }
}
