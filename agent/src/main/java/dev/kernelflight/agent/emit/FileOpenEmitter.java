package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.settings.PathFilter;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.events.FileOpenEvent;

/** Commits file opens. Allocates only for what was never seen before; one thread at a time. */
public final class FileOpenEmitter {
  private final RecordOrigin origin;
  private final FileOpenTexts texts = new FileOpenTexts(KernelNames.ofThisMachine());
  private final FileOpenEvent event = new FileOpenEvent();

  private long filtered;
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
    String path = texts.path(record);
    if (!filter.accepts(path)) {
      filtered++;
      return;
    }
    Thread thread = origin.thread(record);
    event.thread = thread;
    event.osThreadId = record.tid();
    event.osThreadName = origin.osThreadName(record, thread);
    event.path = path;
    event.flags = texts.flags(record);
    event.mode = texts.mode(record);
    event.directoryFd = record.directory();
    event.fd = texts.fd(record);
    event.errno = texts.errno(record);
    event.commit();
  }
}
