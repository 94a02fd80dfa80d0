package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.PathFilter;
import org.jspecify.annotations.Nullable;

/** {@code struct file_open_event} of {@code event.h}, and its texts. */
public final class FileOpenRecord extends KernelRecord {
  /** {@code FLAGS_UNREADABLE}. */
  static final long FLAGS_UNREADABLE = -1;

  private static final int PATH = Wire.FileOpenEvent.PATH;

  private final FileOpenTexts texts;
  private PathFilter wanted = PathFilter.ALL;
  private boolean anyPath = true;

  FileOpenRecord(KernelNames names) {
    texts = new FileOpenTexts(names);
  }

  @Override
  boolean isWhole(int length) {
    return length >= PATH && pathLength() <= length - PATH;
  }

  @Override
  public void follow(Demand demand) {
    wanted = demand.of(FileOpens.SOURCE).map(FileOpens.Wanted::paths).orElse(PathFilter.ALL);
    anyPath = wanted.equals(PathFilter.ALL);
  }

  @Override
  public boolean isWanted() {
    return anyPath || wanted.accepts(path());
  }

  @Override
  public void fields(Fields fields) {
    fields.text("path", path());
    fields.text("flags", flagNames());
    fields.text("mode", modeDigits());
    fields.number("directoryFd", directory());
    fields.number("fd", fd());
    fields.text("errno", errno());
  }

  String path() {
    return texts.path(this);
  }

  String flagNames() {
    return texts.flags(this);
  }

  @Nullable String modeDigits() {
    return texts.mode(this);
  }

  int fd() {
    return texts.fd(this);
  }

  @Nullable String errno() {
    return texts.errno(this);
  }

  /** O_* flags, or {@link #FLAGS_UNREADABLE}. */
  public long flags() {
    return longAt(Wire.FileOpenEvent.FLAGS);
  }

  /** A file descriptor, or the negative errno. */
  public int result() {
    return intAt(Wire.FileOpenEvent.RESULT);
  }

  /** Permission bits; 0 unless the call may create a file. */
  public int mode() {
    return intAt(Wire.FileOpenEvent.MODE);
  }

  /** A file descriptor, or AT_FDCWD (-100). */
  public int directory() {
    return intAt(Wire.FileOpenEvent.DIRECTORY);
  }

  /** Bytes of the path, or the negative errno that reading it ended with. */
  public int pathLength() {
    return intAt(Wire.FileOpenEvent.PATH_LENGTH);
  }

  /** Where the path begins. */
  public long pathOffset() {
    return offsetOf(PATH);
  }
}
