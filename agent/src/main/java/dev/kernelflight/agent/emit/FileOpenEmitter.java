package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.decode.TextCache;
import dev.kernelflight.agent.settings.PathFilter;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.FileOpenEvent;
import java.util.HashMap;
import java.util.Map;

/** Commits file opens. Allocates only for what was never seen before; one thread at a time. */
public final class FileOpenEmitter {
  private static final int PATH_SLOTS = 4096;
  private static final int MOST_FLAG_TEXTS = 1024;

  private final RecordOrigin origin;
  private final KernelNames names = KernelNames.ofThisMachine();
  private final TextCache paths = new TextCache(PATH_SLOTS);
  private final Map<Long, String> flagTexts = new HashMap<>();
  private final FileOpenEvent event = new FileOpenEvent();

  private long filtered;
  private long lastFlags;
  private String lastFlagsText = names.openFlags(lastFlags);

  private PathFilter filter = PathFilter.ALL;

  /** Commits what a record is together with where it is from. */
  public FileOpenEmitter(RecordOrigin origin) {
    this.origin = origin;
  }

  /** Leaves out other paths from now on. */
  public void setFilter(PathFilter wanted) {
    filter = wanted;
  }

  /** Records that the filter left out. */
  public long filtered() {
    return filtered;
  }

  /** Commits one record as an event, if a recording wants it. */
  public void emit(FileOpenRecord record) {
    event.setTime(origin.startTicks(record), origin.durationTicks(record));
    if (!event.shouldCommit()) {
      return;
    }
    String path = path(record);
    if (!filter.accepts(path)) {
      filtered++;
      return;
    }
    Thread thread = origin.thread(record);
    event.thread = thread;
    event.osThreadId = record.tid();
    event.osThreadName = origin.osThreadName(record, thread);
    event.path = path;
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
