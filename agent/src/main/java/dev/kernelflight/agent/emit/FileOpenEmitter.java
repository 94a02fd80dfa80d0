package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.decode.TextCache;
import dev.kernelflight.agent.enrich.KernelClock;
import dev.kernelflight.agent.enrich.ThreadDirectory;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.FileOpenEvent;
import java.util.HashMap;
import java.util.Map;

/** Commits file opens. Allocates only for what was never seen before; one thread at a time. */
public final class FileOpenEmitter {
  private static final int PATH_SLOTS = 4096;
  private static final int THREAD_NAME_SLOTS = 256;
  private static final int MOST_FLAG_TEXTS = 1024;

  private final KernelClock clock;
  private final ThreadDirectory threads;
  private final KernelNames names = KernelNames.ofThisMachine();
  private final TextCache paths = new TextCache(PATH_SLOTS);
  private final TextCache threadNames = new TextCache(THREAD_NAME_SLOTS);
  private final Map<Long, String> flagTexts = new HashMap<>();
  private final FileOpenEvent event = new FileOpenEvent();

  private long lastFlags;
  private String lastFlagsText = names.openFlags(lastFlags);

  /** Commits with the clock and the threads of one pipeline. */
  public FileOpenEmitter(KernelClock clock, ThreadDirectory threads) {
    this.clock = clock;
    this.threads = threads;
  }

  /** Commits one record as an event, if a recording wants it. */
  public void emit(FileOpenRecord record) {
    long start = clock.ticks(record.start());
    event.setTime(start, clock.ticks(record.end()) - start);
    if (!event.shouldCommit()) {
      return;
    }
    int tid = record.tid();
    Thread thread = threads.find(tid, record.start());
    event.thread = thread;
    event.osThreadId = tid;
    event.osThreadName =
        thread == null
            ? threadNames.text(record.memory(), record.commOffset(), record.commLength())
            : null;
    event.path = path(record);
    event.flags = flags(record.flags());
    event.mode = record.mode() == 0 ? null : "0" + Integer.toOctalString(record.mode());
    event.directoryFd = record.directory();
    int result = record.result();
    event.fd = Math.max(result, -1);
    event.errno = result < 0 ? names.errno(-result) : null;
    event.commit();
  }

  private String path(FileOpenRecord record) {
    int length = record.pathLength();
    return length >= 0
        ? paths.text(record.memory(), record.pathOffset(), length)
        : "<unreadable: " + names.errno(-length) + ">";
  }

  private String flags(long flags) {
    if (flags != lastFlags) {
      lastFlags = flags;
      if (flagTexts.size() > MOST_FLAG_TEXTS) {
        flagTexts.clear();
      }
      lastFlagsText =
          flagTexts.computeIfAbsent(
              flags,
              bits ->
                  bits == FileOpenRecord.FLAGS_UNREADABLE ? "<unreadable>" : names.openFlags(bits));
    }
    return lastFlagsText;
  }
}
