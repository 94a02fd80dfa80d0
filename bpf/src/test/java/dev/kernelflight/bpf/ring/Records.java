package dev.kernelflight.bpf.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Payloads that can be told apart and checked, and a handler that does so. */
final class Records implements RecordHandler {
  final List<String> seen = new ArrayList<>();

  /** Bytes that depend on a number and on their place. */
  static byte[] payload(int number, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (number * 31 + i * 7 + 1);
    }
    return bytes;
  }

  static String describe(byte[] bytes) {
    CRC32 sum = new CRC32();
    sum.update(bytes);
    return bytes.length + " bytes, CRC " + Long.toHexString(sum.getValue());
  }

  @Override
  public void onRecord(MemorySegment memory, long offset, int length) {
    seen.add(describe(memory.asSlice(offset, length).toArray(JAVA_BYTE)));
  }
}
