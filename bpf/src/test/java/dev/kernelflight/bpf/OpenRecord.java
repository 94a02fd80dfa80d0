package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.elf.Btf.Struct;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** A record of a file open, read by the layout that the object's own BTF tells. */
record OpenRecord(
    int type,
    int tid,
    long start,
    long end,
    long javaThread,
    String comm,
    long flags,
    int result,
    int mode,
    int directory,
    int pathLength,
    String path,
    int bytes) {
  private static final Struct HEADER = struct("event");
  private static final Struct OPEN = struct("file_open_event");

  static Struct struct(String name) {
    try {
      return LocalSession.loadObject(Architecture.current()).btf().struct(name);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static OpenRecord read(MemorySegment memory, long offset, int length) {
    MemorySegment record = memory.asSlice(offset, length);
    int pathLength = integer(record, OPEN, "path_length");
    return new OpenRecord(
        integer(record, HEADER, "type"),
        integer(record, HEADER, "tid"),
        record.get(JAVA_LONG_UNALIGNED, HEADER.member("start").offset()),
        record.get(JAVA_LONG_UNALIGNED, HEADER.member("end").offset()),
        record.get(JAVA_LONG_UNALIGNED, HEADER.member("java_thread").offset()),
        text(record, HEADER.member("comm").offset()),
        record.get(JAVA_LONG_UNALIGNED, OPEN.member("flags").offset()),
        integer(record, OPEN, "result"),
        integer(record, OPEN, "mode"),
        integer(record, OPEN, "directory"),
        pathLength,
        pathLength < 0 ? "" : text(record, OPEN.member("path").offset()),
        length);
  }

  private static int integer(MemorySegment record, Struct struct, String member) {
    return record.get(JAVA_INT_UNALIGNED, struct.member(member).offset());
  }

  private static String text(MemorySegment record, long from) {
    long end = from;
    while (record.get(JAVA_BYTE, end) != 0) {
      end++;
    }
    return new String(record.asSlice(from, end - from).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }
}
