package dev.kernelflight.agent.doctor;

import dev.kernelflight.agent.kind.KernelRecord;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.kind.TracedKind;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.Session;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * This process traced for a moment, in all as an application is traced, and what was seen of it.
 */
public final class Trial {
  private static final int NO_THREAD = 0;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private Trial() {}

  /**
   * Has the buffers made, and gives them back.
   *
   * @return what they are, for people
   */
  static String buffers(LocalSession.Options options) throws KernelException, IOException {
    try (Epoll epoll = new Epoll();
        Session session = LocalSession.open(options, NO_THREAD, epoll)) {
      return session.bufferDescription();
    }
  }

  /**
   * Attaches to see a kind of event, and waits until one of this process is seen or counted.
   *
   * @return the hook that saw it
   * @throws IOException also if none is seen
   */
  static <W> Hook of(TracedKind<W> kind, LocalSession.Options options)
      throws NoHookException, KernelException, IOException {
    try (Epoll epoll = new Epoll();
        Session session = LocalSession.open(options, NO_THREAD, epoll)) {
      session.follow(Demand.of(kind.source(), kind.all()));
      expect(session, kind);
      return session.probe(kind.source()).orElseThrow().hook();
    }
  }

  /** Has this process make some of it until that is noticed. */
  private static void expect(Session session, TracedKind<?> kind)
      throws IOException, KernelException {
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < PATIENCE_NANOS) {
      kind.provoke();
      if (kind instanceof RecordKind<?, ?> ofRecords
          ? hasRecord(session, ofRecords.recordType())
          : hasCounted(session)) {
        return;
      }
    }
    throw new IOException("attached, but nothing came of what this process did");
  }

  private static boolean hasRecord(Session session, int type) throws KernelException {
    AtomicBoolean seen = new AtomicBoolean();
    session.drain((memory, offset, length) -> {
      if (KernelRecord.type(memory, offset, length) == type) {
        seen.set(true);
      }
    });
    return seen.get();
  }

  private static boolean hasCounted(Session session) throws KernelException {
    AtomicBoolean counted = new AtomicBoolean();
    session.readStatistics(sum -> {
      counted.set(true);
      return true;
    });
    return counted.get();
  }
}
