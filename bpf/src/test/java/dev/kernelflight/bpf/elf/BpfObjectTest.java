package dev.kernelflight.bpf.elf;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.sys.Bpf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BpfObjectTest {
  /** Where the ELF header says where the section headers are. */
  private static final int SECTION_TABLE = 40;

  private static byte[] committed(Architecture architecture) throws Exception {
    String name = "/dev/kernelflight/bpf/kernelflight-" + architecture.kernelName() + ".bpf.o";
    try (var in = BpfObject.class.getResourceAsStream(name)) {
      return requireNonNull(in).readAllBytes();
    }
  }

  @ParameterizedTest
  @EnumSource
  void theCommittedObjects(Architecture architecture) throws Exception {
    BpfObject object = BpfObject.parse(committed(architecture));
    assertThat(object.license()).isEqualTo("GPL");
    assertThat(object.programs().values())
        .extracting(ProgramSpec::section)
        .containsExactlyInAnyOrder(
            "raw_tp/identify",
            "raw_tp/sched_process_exit",
            "perf_event",
            "raw_tp/signal_deliver",
            "fentry/do_sys_openat2",
            "fexit/do_sys_openat2",
            "kprobe/do_sys_openat2",
            "kprobe/syscall",
            "kprobe/compat_syscall",
            "kretprobe/open",
            "raw_tp/flush",
            "raw_tp/sys_enter",
            "raw_tp/sys_exit",
            "raw_tp/free_statistics",
            "raw_tp/nothing",
            "tracepoint/sys_enter",
            "tracepoint/sys_exit",
            "tracepoint/sched_process_exit",
            "kprobe.multi/sys_enter",
            "kprobe.multi/sys_exit",
            "kprobe.multi/do_exit");
    assertThat(object.program("identify").section()).isEqualTo("raw_tp/identify");
    assertThat(object.maps().values())
        .containsExactlyInAnyOrder(
            new MapSpec("events", 4, 4, 4, 0, 0),
            new MapSpec("threads", 2, 4, object.btf().struct("thread").size(), 16384, 0),
            new MapSpec("slot_owners", 1, 4, 4, 16384, 0),
            new MapSpec("crowded_threads", 1, 4, object.btf().struct("thread").size(), 4096, 0),
            new MapSpec("batches", 2, 4, object.btf().struct("batch").size(), 2, Bpf.F_MMAPABLE),
            new MapSpec(
                "cpu_sample_scratch", 6, 4, object.btf().struct("cpu_sample_event").size(), 1, 0),
            new MapSpec(
                "counters", 2, 4, object.btf().struct("cpu_counters").size(), 1, Bpf.F_MMAPABLE),
            new MapSpec("details", 2, 4, 4, 1024, 0),
            new MapSpec(
                "statistics", 2, 4, object.btf().struct("statistics").size(), 1024, Bpf.F_MMAPABLE),
            new MapSpec(
                "thread_statistics",
                2,
                4,
                object.btf().struct("thread_statistics").size(),
                8192,
                Bpf.F_MMAPABLE),
            new MapSpec("statistics_owners", 1, 4, 4, 8192, 0));
    assertThatThrownBy(() -> object.program("missing")).hasMessageContaining("missing");
  }

  @ParameterizedTest
  @EnumSource
  void relocationsAreAtLoadsOf64Bits(Architecture architecture) throws Exception {
    BpfObject object = BpfObject.parse(committed(architecture));
    Stream<String> sections =
        object.programs().values().stream()
            .flatMap(program -> program.relocations().stream())
            .map(ProgramSpec.Relocation::section);
    assertThat(sections).containsOnly(".maps", ".bss", ".rodata");
    for (ProgramSpec program : object.programs().values()) {
      assertThat(program.instructions().length % 8).isZero();
      for (ProgramSpec.Relocation relocation : program.relocations()) {
        assertThat(program.instructions()[relocation.offset()]).isEqualTo((byte) 0x18);
        if (relocation.section().equals(".maps")) {
          assertThat(object.maps()).containsKey(relocation.symbol());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void truncatedAnywhere(Architecture architecture) throws Exception {
    byte[] whole = committed(architecture);
    // the end is the table of sections, without which nothing can be found
    for (int length = 0; length < whole.length; length += length < 4096 ? 1 : 97) {
      assertMalformed(Arrays.copyOf(whole, length));
    }
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void damagedBytes(Architecture architecture) throws Exception {
    byte[] whole = committed(architecture);
    Random random = new Random(4711);
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = whole.clone();
      for (int i = random.nextInt(8); i >= 0; i--) {
        // half of the damage where it matters most: the header and the table of sections
        int at = random.nextInt(damaged.length);
        if (random.nextBoolean()) {
          int table = damaged.length - 64 * 40;
          at = random.nextInt(4) == 0 ? random.nextInt(64) : table + random.nextInt(64 * 40);
        }
        damaged[at] = (byte) random.nextInt();
      }
      try {
        BpfObject.parse(damaged);
      } catch (MalformedObjectException e) {
        assertThat(e.getMessage()).isNotBlank();
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(100);
  }

  @Test
  void otherFiles() {
    assertMalformed(new byte[0]);
    assertMalformed(new byte[4096]);
    assertMalformed("#!/bin/sh\n".repeat(100).getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void anObjectOfAnotherMachine() throws Exception {
    byte[] object = committed(Architecture.X86_64);
    object[18] = 62; // EM_X86_64
    assertMalformed(object);
  }

  /** .bss has no bytes in the file, so that nothing but the claim itself says how large it is. */
  @Test
  void variablesThatClaimAllMemory() throws Exception {
    byte[] object = committed(Architecture.X86_64);
    ByteBuffer file = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
    int header = header(file, 8, 0);
    file.putLong(header + 32, Integer.MAX_VALUE);
    assertThatThrownBy(() -> BpfObject.parse(object))
        .isInstanceOf(MalformedObjectException.class)
        .hasMessageContaining("claims");
  }

  @Test
  void aVariableOutsideOfItsSection() throws Exception {
    byte[] object = committed(Architecture.X86_64);
    ByteBuffer file = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header(file, 8, 0) + 32, 4);
    assertThatThrownBy(() -> BpfObject.parse(object))
        .isInstanceOf(MalformedObjectException.class)
        .hasMessageContaining("filter");
  }

  @Test
  void aRelocationBehindTheLastInstruction() throws Exception {
    byte[] object = committed(Architecture.X86_64);
    ByteBuffer file = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
    int relocations = (int) file.getLong(header(file, 9, 0) + 24);
    file.putLong(relocations, 1 << 20);
    assertThatThrownBy(() -> BpfObject.parse(object))
        .isInstanceOf(MalformedObjectException.class)
        .hasMessageContaining("relocate");
  }

  @Test
  void aRelocationOfAnUnknownType() throws Exception {
    byte[] object = committed(Architecture.X86_64);
    ByteBuffer file = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
    int relocations = (int) file.getLong(header(file, 9, 0) + 24);
    file.putInt(relocations + 8, 10); // R_BPF_64_32, a call
    assertThatThrownBy(() -> BpfObject.parse(object))
        .isInstanceOf(MalformedObjectException.class)
        .hasMessageContaining("relocation type 10");
  }

  /** Where the header of the first section of a type begins that is at least so large. */
  private static int header(ByteBuffer file, int type, int atLeast) {
    int table = (int) file.getLong(SECTION_TABLE);
    for (int at = table; at < file.limit(); at += 64) {
      if (file.getInt(at + 4) == type && file.getLong(at + 32) >= atLeast) {
        return at;
      }
    }
    throw new IllegalArgumentException("no section of type " + type);
  }

  private static void assertMalformed(byte[] bytes) {
    assertThatThrownBy(() -> BpfObject.parse(bytes))
        .as(bytes.length + " bytes")
        .isInstanceOf(MalformedObjectException.class);
  }
}
