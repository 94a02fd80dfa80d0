package dev.kernelflight.bpf.program;

import dev.kernelflight.bpf.elf.ProgramSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.ToIntFunction;

/**
 * Fills the descriptors of maps into the instructions that name them. Such an instruction takes two
 * slots of {@code struct bpf_insn}; what the descriptor means stands in its source register: the
 * map itself, or the map's one value, at the offset that the second slot holds.
 */
final class Relocator {
  private static final int INSTRUCTION_BYTES = 8;
  private static final int REGISTERS = 1;
  private static final int IMMEDIATE = 4;
  private static final int PSEUDO_MAP_FD = 1;
  private static final int PSEUDO_MAP_VALUE = 2;

  private Relocator() {}

  /**
   * The program's instructions as the kernel wants them; the specification stays as it is.
   *
   * @param mapDescriptors of maps by name; variables are in the map named after their section
   */
  static byte[] relocate(ProgramSpec program, ToIntFunction<String> mapDescriptors) {
    byte[] relocated = program.instructions().clone();
    ByteBuffer code = ByteBuffer.wrap(relocated).order(ByteOrder.nativeOrder());
    for (ProgramSpec.Relocation relocation : program.relocations()) {
      int at = relocation.offset();
      boolean isMap = relocation.section().equals(".maps");
      String map = isMap ? relocation.symbol() : relocation.section();
      int pseudo = isMap ? PSEUDO_MAP_FD : PSEUDO_MAP_VALUE;
      if (!isMap) {
        // the compiler leaves the offset from the symbol here
        int addend = code.getInt(at + IMMEDIATE);
        code.putInt(at + INSTRUCTION_BYTES + IMMEDIATE, relocation.symbolOffset() + addend);
      }
      code.put(at + REGISTERS, (byte) ((code.get(at + REGISTERS) & 0xf) | (pseudo << 4)));
      code.putInt(at + IMMEDIATE, mapDescriptors.applyAsInt(map));
    }
    return relocated;
  }
}
