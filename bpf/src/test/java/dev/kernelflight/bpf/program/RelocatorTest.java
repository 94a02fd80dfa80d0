package dev.kernelflight.bpf.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.elf.ProgramSpec;
import dev.kernelflight.bpf.elf.ProgramSpec.Relocation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RelocatorTest {
  private static final byte LOAD_64 = 0x18;
  private static final Map<String, Integer> DESCRIPTORS = Map.of("events", 77, ".bss", 78);

  /** Three loads of 64 bits into registers 1, 2 and 3; the second has an immediate of 12. */
  private static byte[] threeLoads() {
    ByteBuffer code = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
    for (int i = 0; i < 3; i++) {
      code.put(LOAD_64).put((byte) (i + 1)).putShort((short) 0).putInt(i == 1 ? 12 : 0);
      code.putLong(0);
    }
    return code.array();
  }

  private static ProgramSpec program(Relocation... relocations) {
    return new ProgramSpec("p", "raw_tp/p", threeLoads(), List.of(relocations));
  }

  private static ByteBuffer relocate(ProgramSpec program) {
    byte[] code =
        Relocator.relocate(
            program,
            name -> {
              Integer fd = DESCRIPTORS.get(name);
              if (fd == null) {
                throw new IllegalArgumentException("no map " + name);
              }
              return fd;
            });
    return ByteBuffer.wrap(code).order(ByteOrder.nativeOrder());
  }

  @Test
  void nothingToDoLeavesTheInstructions() {
    assertThat(relocate(program()).array()).isEqualTo(threeLoads());
  }

  @Test
  void aMapIsNamedByItsDescriptor() {
    ByteBuffer code = relocate(program(new Relocation(0, ".maps", "events", 96)));
    assertThat(code.get(0)).isEqualTo(LOAD_64);
    assertThat(code.get(1)).as("source BPF_PSEUDO_MAP_FD, destination 1").isEqualTo((byte) 0x11);
    assertThat(code.getInt(4)).isEqualTo(77);
    assertThat(code.getInt(12)).as("a map has no offset").isZero();
  }

  @Test
  void aVariableIsAnOffsetIntoTheMapOfItsSection() {
    ByteBuffer code = relocate(program(new Relocation(16, ".bss", "filter", 8)));
    assertThat(code.get(17))
        .as("source BPF_PSEUDO_MAP_VALUE, destination 2")
        .isEqualTo((byte) 0x22);
    assertThat(code.getInt(20)).isEqualTo(78);
    assertThat(code.getInt(28)).as("symbol's offset and what the compiler added").isEqualTo(20);
  }

  @Test
  void onlyTheInstructionsThatAreNamedChange() {
    ProgramSpec program =
        program(new Relocation(0, ".maps", "events", 0), new Relocation(32, ".bss", "filter", 0));
    byte[] expected = threeLoads();
    byte[] relocated = relocate(program).array();
    assertThat(relocated).hasSameSizeAs(expected);
    for (int i = 16; i < 32; i++) {
      assertThat(relocated[i]).isEqualTo(expected[i]);
    }
    assertThat(relocated[33]).isEqualTo((byte) 0x23);
  }

  @Test
  void theSpecificationStaysAsItIs() {
    ProgramSpec program = program(new Relocation(0, ".maps", "events", 0));
    relocate(program);
    assertThat(program.instructions()).isEqualTo(threeLoads());
    assertThat(relocate(program).array()).isEqualTo(relocate(program).array());
  }

  @Test
  void aMapThatDoesNotExist() {
    assertThatThrownBy(() -> relocate(program(new Relocation(0, ".maps", "evens", 0))))
        .hasMessageContaining("evens");
  }
}
