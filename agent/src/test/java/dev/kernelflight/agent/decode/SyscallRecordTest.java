package dev.kernelflight.agent.decode;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.Btf.Struct;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyscallRecordTest {
  private static final int DETAIL_BYTES = 256;

  /** Records lie anywhere in memory. */
  private static final int AT = 13;

  private final MemorySegment memory = MemorySegment.ofArray(new byte[512]);
  private final SyscallRecord record = new SyscallRecord();

  private void write(int detailLength) {
    memory.set(JAVA_INT_UNALIGNED, AT, SyscallRecord.TYPE);
    memory.set(JAVA_INT_UNALIGNED, AT + 4, 4242);
    memory.set(JAVA_LONG_UNALIGNED, AT + 16, 1_000L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 24, 1_900L);
    memory.set(JAVA_LONG_UNALIGNED, AT + 56, -9L);
    for (int i = 0; i < SyscallRecord.ARGUMENTS; i++) {
      memory.set(JAVA_LONG_UNALIGNED, AT + 64 + 8L * i, 100L + i);
    }
    memory.set(JAVA_INT_UNALIGNED, AT + 112, 257);
    memory.set(JAVA_INT_UNALIGNED, AT + 116, detailLength);
  }

  @Test
  void everyField() {
    write(16);
    assertThat(record.wrap(memory, AT, 136)).isTrue();
    assertThat(record.tid()).isEqualTo(4242);
    assertThat(record.start()).isEqualTo(1_000);
    assertThat(record.end()).isEqualTo(1_900);
    assertThat(record.result()).isEqualTo(-9);
    assertThat(record.number()).isEqualTo(257);
    for (int i = 0; i < SyscallRecord.ARGUMENTS; i++) {
      assertThat(record.argument(i)).isEqualTo(100 + i);
    }
    assertThat(record.detailLength()).isEqualTo(16);
    assertThat(record.detailOffset()).isEqualTo(AT + 120);
  }

  @Test
  void tooShortForItselfOrItsDetail() {
    write(16);
    for (int length = 0; length < 136; length++) {
      MemorySegment noMore = memory.asSlice(AT, length);
      assertThat(record.wrap(noMore, 0, length)).as(length + " bytes").isFalse();
    }
  }

  @Test
  void aDetailThatTheKernelCouldNotRead() {
    write(-14);
    assertThat(record.wrap(memory, AT, 120)).isTrue();
    assertThat(record.detailLength()).isEqualTo(-14);
  }

  @ParameterizedTest
  @EnumSource
  void theLayoutIsThatOfTheObject(Architecture architecture) throws Exception {
    Btf btf = btf(architecture);
    Struct event = btf.struct("event");
    Struct call = btf.struct("syscall_event");
    assertMember(btf, call, "header", 0, event.size());
    assertMember(btf, call, "result", SyscallRecord.RESULT, Long.BYTES);
    assertMember(
        btf, call, "arguments", SyscallRecord.ARGUMENT, SyscallRecord.ARGUMENTS * Long.BYTES);
    assertMember(btf, call, "number", SyscallRecord.NUMBER, Integer.BYTES);
    assertMember(btf, call, "detail_length", SyscallRecord.DETAIL_LENGTH, Integer.BYTES);
    assertMember(btf, call, "detail", SyscallRecord.DETAIL, DETAIL_BYTES);
    assertThat(call.members()).as("members of syscall_event that are read").hasSize(6);
    assertThat(call.size()).isEqualTo(SyscallRecord.DETAIL + DETAIL_BYTES);
  }

  private static void assertMember(Btf btf, Struct struct, String name, int offset, int size) {
    assertThat(struct.member(name).offset()).as("offset of " + name).isEqualTo(offset);
    assertThat(btf.size(struct.member(name).typeId())).as("size of " + name).isEqualTo(size);
  }

  private static Btf btf(Architecture architecture) throws Exception {
    String name = "kernelflight-" + architecture.kernelName() + ".bpf.o";
    try (var in = Tracer.class.getResourceAsStream(name)) {
      return BpfObject.parse(requireNonNull(in, name).readAllBytes()).btf();
    }
  }
}
