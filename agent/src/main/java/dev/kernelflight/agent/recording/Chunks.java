package dev.kernelflight.agent.recording;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The chunks that a recording's file consists of. Each begins with its size: big-endian the magic
 * number {@code FLR\0}, two 16-bit versions, and 64 bits of size in bytes, all of the chunk (the
 * layout of HotSpot's JfrChunkWriter). Mission Control's parser leaves out what is incomplete
 * without a word, so this says it.
 *
 * @param count of chunks that are there from beginning to end
 * @param bytes of them
 * @param damage what follows them that is no whole chunk, or null
 */
record Chunks(int count, long bytes, @Nullable String damage) {
  private static final int MAGIC = 0x464c5200;
  private static final int GZIP_MAGIC = 0x1f8b;
  private static final int HEADER = 68;
  private static final int READ = 16;

  /** Reads the headers alone. */
  static Chunks of(Path file) throws IOException {
    long size = Files.size(file);
    long at = 0;
    int count = 0;
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      while (at < size) {
        int magic = in.readInt();
        in.skipNBytes(4);
        long chunk = in.readLong();
        if (magic != MAGIC || chunk < HEADER) {
          return new Chunks(count, at, foreign(count, at, magic));
        }
        if (chunk > size - at) {
          return new Chunks(count, at, truncated(count, at + chunk, size));
        }
        in.skipNBytes(chunk - READ);
        at += chunk;
        count++;
      }
    } catch (EOFException e) {
      return new Chunks(count, at, truncated(count, at + HEADER, size));
    }
    return new Chunks(count, at, null);
  }

  private static String foreign(int whole, long at, int magic) {
    if (whole > 0) {
      return "what follows byte " + at + " is no part of a recording";
    }
    return magic >>> 16 == GZIP_MAGIC
        ? "it is compressed (gunzip it first)"
        : "it is no JFR recording, which would begin with FLR";
  }

  private static String truncated(int whole, long expected, long size) {
    return "it is truncated: chunk "
        + (whole + 1)
        + " should end at byte "
        + expected
        + ", but the file has "
        + size;
  }
}
