package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Wire;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file open in words. Allocates only for what was never seen before; one thread at a time. */
final class FileOpenTexts {
  private static final int PATH_SLOTS = 4096;
  private static final int MOST_FLAG_TEXTS = 1024;

  /** Without the NUL. */
  private static final int MOST_PATH_BYTES = Wire.FileOpenEvent.PATH_BYTES - 1;

  private static final String TOO_LONG = "ENAMETOOLONG";
  private static final String CUT = "…";

  private final KernelNames names;
  private final TextCache paths = new TextCache(PATH_SLOTS);
  private final Map<Long, String> flagTexts = new HashMap<>();
  private long lastFlags;
  private String lastFlagsText;

  /** Texts with the names of an architecture. */
  FileOpenTexts(KernelNames names) {
    this.names = names;
    lastFlagsText = names.openFlags(lastFlags);
  }

  /**
   * The path as it was in memory when the call returned, or why it could not be read. Of one that
   * is too long the kernel takes nothing, and the record only the beginning: that ends with "…".
   */
  String path(FileOpenRecord record) {
    int length = record.pathLength();
    if (length < 0) {
      return "<unreadable: " + names.errno(-length) + ">";
    }
    String path = paths.text(record.memory(), record.pathOffset(), length);
    return length == MOST_PATH_BYTES && TOO_LONG.equals(errno(record)) ? path + CUT : path;
  }

  /** The flags as in C. */
  String flags(FileOpenRecord record) {
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
  @Nullable String mode(FileOpenRecord record) {
    return record.mode() == 0 ? null : "0" + Integer.toOctalString(record.mode());
  }

  /** The new descriptor, or -1. */
  int fd(FileOpenRecord record) {
    return Math.max(record.result(), -1);
  }

  /** The errno's name, or null. */
  @Nullable String errno(FileOpenRecord record) {
    return record.result() < 0 ? names.errno(-record.result()) : null;
  }
}
