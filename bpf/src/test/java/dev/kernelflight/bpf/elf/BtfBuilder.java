package dev.kernelflight.bpf.elf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes BTF, type by type; ids count from 1 in the order of writing. */
final class BtfBuilder {
  private static final int HEADER_BYTES = 24;

  private final ByteArrayOutputStream types = new ByteArrayOutputStream();
  private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
  private int count;

  BtfBuilder() {
    strings.write(0);
  }

  int string(String text) {
    int at = strings.size();
    strings.writeBytes((text + '\0').getBytes(StandardCharsets.UTF_8));
    return at;
  }

  /** A type's three common words and whatever follows them. */
  int type(String name, int kind, int entries, int sizeOrType, int... more) {
    ByteBuffer words =
        ByteBuffer.allocate(12 + 4 * more.length)
            .order(ByteOrder.nativeOrder())
            .putInt(name.isEmpty() ? 0 : string(name))
            .putInt(kind << 24 | entries)
            .putInt(sizeOrType);
    for (int word : more) {
      words.putInt(word);
    }
    types.writeBytes(words.array());
    return ++count;
  }

  int integer(String name, int bytes) {
    return type(name, Btf.KIND_INT, 0, bytes, bytes * 8);
  }

  int pointer(int to) {
    return type("", Btf.KIND_PTR, 0, to);
  }

  int array(int of, int length) {
    return type("", Btf.KIND_ARRAY, 0, 0, of, 1, length);
  }

  /** What a number is to libbpf's macros: a pointer to an array of that length. */
  int number(int length) {
    return pointer(array(1, length));
  }

  byte[] bytes() {
    return ByteBuffer.allocate(HEADER_BYTES + types.size() + strings.size())
        .order(ByteOrder.nativeOrder())
        .putShort((short) 0xeb9f)
        .put((byte) 1)
        .put((byte) 0)
        .putInt(HEADER_BYTES)
        .putInt(0)
        .putInt(types.size())
        .putInt(types.size())
        .putInt(strings.size())
        .put(types.toByteArray())
        .put(strings.toByteArray())
        .array();
  }

  Btf parse() throws MalformedObjectException {
    return Btf.parse(ByteBuffer.wrap(bytes()));
  }
}
