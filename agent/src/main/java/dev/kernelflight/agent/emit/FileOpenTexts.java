package dev.kernelflight.agent.emit;

import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.decode.TextCache;
import dev.kernelflight.bpf.abi.KernelNames;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file open in words. Allocates only for what was never seen before; one thread at a time. */
public final class FileOpenTexts {
  private static final int PATH_SLOTS = 4096;
  private static final int MOST_FLAG_TEXTS = 1024;

  private final KernelNames names;
  private final TextCache paths = new TextCache(PATH_SLOTS);
  private final Map<Long, String> flagTexts = new HashMap<>();
  private long lastFlags;
  private String lastFlagsText;

  /** Texts with the names of an architecture. */
  public FileOpenTexts(KernelNames names) {
    this.names = names;
    lastFlagsText = names.openFlags(lastFlags);
  }

  /** The path as the call had it, or why it could not be read. */
  public String path(FileOpenRecord record) {
    int length = record.pathLength();
    return length >= 0
        ? paths.text(record.memory(), record.pathOffset(), length)
        : "<unreadable: " + names.errno(-length) + ">";
  }

  /** The flags as in C. */
  public String flags(FileOpenRecord record) {
    long flags = record.flags();
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

  /** The permission bits in octal, or null where the call could not create a file. */
  public @Nullable String mode(FileOpenRecord record) {
    return record.mode() == 0 ? null : "0" + Integer.toOctalString(record.mode());
  }

  /** The new descriptor, or -1. */
  public int fd(FileOpenRecord record) {
    return Math.max(record.result(), -1);
  }

  /** The errno's name, or null. */
  public @Nullable String errno(FileOpenRecord record) {
    return record.result() < 0 ? names.errno(-record.result()) : null;
  }
}
