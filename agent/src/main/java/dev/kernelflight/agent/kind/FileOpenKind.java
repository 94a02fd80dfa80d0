package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.agent.settings.SettingValues;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.PathFilter;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.KernelSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/** Opens of files. */
public final class FileOpenKind extends RecordKind<FileOpens.Wanted, FileOpenRecord> {
  /** Those of HotSpot's os::open and os::fopen; the JDK's classes open files without O_CLOEXEC. */
  private static final String HOTSPOTS_FLAGS = "O_RDONLY|O_CLOEXEC";

  /** Names of its Java threads, and the kernel's of those without Java. */
  private static final String JFRS_THREADS = "JFR ";

  /** For jdk.SystemProcess; HotSpot's os_perf_linux.cpp, which is there for JFR only. */
  private static final Pattern PROCESSES = Pattern.compile("/proc/\\d+/(stat|cmdline)");

  private static final Key PATHS = new Key("paths", "paths", "PATH", FileOpenKind::shownPath);

  FileOpenKind() {
    super(FileOpenEvent.NAME, "opens", "opens", FileOpens.SOURCE, Wire.EventType.EVENT_FILE_OPEN);
  }

  @Override
  public Class<? extends Event> eventClass() {
    return FileOpenEvent.class;
  }

  @Override
  public FileOpens.Wanted wanted(Requests requests) {
    return new FileOpens.Wanted(
        requests.lowestThreshold("0 ns"), requests.allErrorsOnly(), paths(requests));
  }

  /** The paths that any wants; all paths if one of them wants these. */
  private static PathFilter paths(Requests requests) {
    List<String> all = new ArrayList<>();
    for (List<String> wanted : requests.values(KernelSettings.PATH, "", SettingValues::list)) {
      if (wanted.isEmpty()) {
        return PathFilter.ALL;
      }
      all.addAll(wanted);
    }
    return PathFilter.of(all);
  }

  @Override
  public FileOpens.Wanted wanted(Selection selection) {
    return new FileOpens.Wanted(selection.threshold(), selection.errors(), selection.paths());
  }

  @Override
  public FileOpens.Wanted all() {
    return FileOpens.Wanted.ALL;
  }

  @Override
  public FileOpenRecord newRecord(Symbols symbols) {
    return new FileOpenRecord(KernelNames.ofThisMachine());
  }

  @Override
  public RecordWriter jfrWriter(FileOpenRecord record, RecordOrigin origin) {
    FileOpenEvent event = new FileOpenEvent();
    return () -> {
      event.setTime(origin.startTicks(record), origin.durationTicks(record));
      if (!event.shouldCommit()) {
        return;
      }
      Thread thread = origin.thread(record);
      event.thread = thread;
      event.osThreadId = record.tid();
      event.osThreadName = origin.osThreadName(record, thread);
      event.path = record.path();
      event.flags = record.flagNames();
      event.mode = record.modeDigits();
      event.directoryFd = record.directory();
      event.fd = record.fd();
      event.errno = record.errno();
      event.commit();
    };
  }

  @Override
  public boolean isCall() {
    return true;
  }

  @Override
  public String what(KernelEvent event) {
    return join(" ", shownPath(event), event.text("flags"), event.text("mode"));
  }

  @Override
  public String result(KernelEvent event) {
    String errno = event.errno();
    return errno == null ? "fd " + event.number("fd") : errno;
  }

  @Override
  public Optional<Key> key() {
    return Optional.of(PATHS);
  }

  /** The path for people, who would not see an empty one. */
  private static @Nullable String shownPath(KernelEvent event) {
    String path = event.text("path");
    return path != null && path.isEmpty() ? "\"\"" : path;
  }

  /**
   * Whether JFR itself read a file of /proc or /sys: on a thread of its own, or what nobody but JFR
   * reads with HotSpot's flags. That is on whichever thread ends a chunk, such as one that stops a
   * recording.
   */
  @Override
  public boolean isJfrsOwn(KernelEvent event) {
    String path = event.text("path");
    return path != null
        && HOTSPOTS_FLAGS.equals(event.text("flags"))
        && (PROCESSES.matcher(path).matches()
            || (event.thread().startsWith(JFRS_THREADS)
                && (path.startsWith("/proc/") || path.startsWith("/sys/"))));
  }
}
