package dev.kernelflight.bpf.elf;

import java.util.List;

/**
 * A program as the object file holds it.
 *
 * @param name of the C function
 * @param section the section's name, which says the program's type: {@code kprobe/do_sys_openat2}
 * @param instructions {@code struct bpf_insn}s of 8 bytes each
 * @param relocations where instructions refer to maps and variables
 */
public record ProgramSpec(
    String name, String section, byte[] instructions, List<Relocation> relocations) {

  /**
   * A 16-byte load instruction whose immediate is a map or a variable's address.
   *
   * @param offset bytes into the instructions
   * @param section the section that the symbol lies in: {@code .maps}, or one of variables
   * @param symbol the map's or variable's name
   * @param symbolOffset bytes into its section
   */
  public record Relocation(int offset, String section, String symbol, int symbolOffset) {}
}
