package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.kernelflight.bpf.elf.Btf.Struct;
import java.lang.foreign.MemorySegment;

/** A record of a system call, read by the layout that the object's own BTF tells. */
record CallRecord(int tid, long start, long end, int number, long result) {
  private static final int TYPE = 2;
  private static final Struct HEADER = OpenRecord.struct("event");
  private static final Struct CALL = OpenRecord.struct("syscall_event");

  static boolean isOne(MemorySegment memory, long offset) {
    return memory.get(JAVA_INT_UNALIGNED, offset + HEADER.member("type").offset()) == TYPE;
  }

  static CallRecord read(MemorySegment memory, long offset, int length) {
    MemorySegment record = memory.asSlice(offset, length);
    return new CallRecord(
        record.get(JAVA_INT_UNALIGNED, HEADER.member("tid").offset()),
        record.get(JAVA_LONG_UNALIGNED, HEADER.member("start").offset()),
        record.get(JAVA_LONG_UNALIGNED, HEADER.member("end").offset()),
        record.get(JAVA_INT_UNALIGNED, CALL.member("number").offset()),
        record.get(JAVA_LONG_UNALIGNED, CALL.member("result").offset()));
  }
}
