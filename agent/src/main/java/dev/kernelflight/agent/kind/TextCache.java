package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Strings of bytes that were decoded before: a text that comes again costs a hash and a comparison,
 * and is the same {@link String}, which is what lets JFR write it as a number. Of bounded size: a
 * text takes the place of an older one of the same hash. One thread at a time.
 */
public final class TextCache {
  private static final int LONGEST_KEPT = 512;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  /** The bytes that were decoded, in the slot of their hash. */
  private final MemorySegment[] keys;

  private final String[] texts;
  private final int mask;

  /**
   * @param slots a power of two
   */
  public TextCache(int slots) {
    if (Integer.bitCount(slots) != 1) {
      throw new IllegalArgumentException("not a power of two: " + slots);
    }
    keys = new MemorySegment[slots];
    Arrays.fill(keys, MemorySegment.ofArray(new byte[0]));
    texts = new String[slots];
    Arrays.fill(texts, "");
    mask = slots - 1;
  }

  /** The text of some bytes: UTF-8, where bytes that are not as {@code \xHH}. */
  public String text(MemorySegment memory, long offset, int length) {
    int slot = (int) (hash(memory, offset, length) >>> 32) & mask;
    MemorySegment key = keys[slot];
    if (key.byteSize() == length
        && MemorySegment.mismatch(memory, offset, offset + length, key, 0, length) < 0) {
      return texts[slot];
    }
    byte[] bytes = new byte[length];
    MemorySegment.copy(memory, JAVA_BYTE, offset, bytes, 0, length);
    String text = decode(bytes);
    if (length <= LONGEST_KEPT) {
      keys[slot] = MemorySegment.ofArray(bytes);
      texts[slot] = text;
    }
    return text;
  }

  private static long hash(MemorySegment memory, long offset, int length) {
    long hash = length * MIX;
    int i = 0;
    for (; i <= length - Long.BYTES; i += Long.BYTES) {
      hash = (hash ^ memory.get(JAVA_LONG_UNALIGNED, offset + i)) * MIX;
      hash ^= hash >>> 32;
    }
    for (; i < length; i++) {
      hash = (hash ^ memory.get(JAVA_BYTE, offset + i)) * MIX;
    }
    return hash ^ hash >>> 29;
  }

  /** UTF-8 to text; what is no UTF-8 stays visible byte by byte instead of becoming U+FFFD. */
  static String decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(4 * bytes.length);
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    for (CoderResult result = decoder.decode(in, out, true);
        result.isError();
        result = decoder.decode(in, out, true)) {
      for (int i = 0; i < result.length(); i++) {
        out.put(String.format("\\x%02x", in.get()));
      }
    }
    return out.flip().toString();
  }
}
