package dev.kernelflight.bpf.elf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A relocatable ELF file as clang's bpf target writes it (64-bit, little-endian). Layouts are those
 * of {@code elf.h}: {@code Elf64_Ehdr}, {@code Elf64_Shdr}, {@code Elf64_Sym}, {@code Elf64_Rel}.
 *
 * @param license what the programs declare, for the kernel's check of GPL-only helpers
 * @param programs by name
 * @param maps by name
 * @param variables sections of global variables, {@code .rodata} and {@code .bss}, by name
 * @param btf the object's own type information
 */
public record BpfObject(
    String license,
    Map<String, ProgramSpec> programs,
    Map<String, MapSpec> maps,
    Map<String, VariableSection> variables,
    Btf btf) {

  /**
   * Global variables that become one map.
   *
   * @param initial the bytes that the section starts as
   * @param variables by name
   */
  public record VariableSection(byte[] initial, Map<String, Variable> variables) {
    /** The variable of that name; an object without it is a defect of the build. */
    public Variable variable(String name) {
      Variable variable = variables.get(name);
      if (variable == null) {
        throw new IllegalArgumentException("no variable " + name + " among " + variables);
      }
      return variable;
    }
  }

  /** Where a variable lies in its section, in bytes. */
  public record Variable(int offset, int size) {}

  private static final int MAGIC = 0x464c457f;
  private static final int CLASS_64_LITTLE_ENDIAN = 0x0102;
  private static final int MACHINE_BPF = 247;
  private static final int TYPE_SYMTAB = 2;
  private static final int TYPE_NOBITS = 8;
  private static final int TYPE_REL = 9;
  private static final int FLAG_EXECINSTR = 4;
  private static final int RELOCATION_64_64 = 1;
  private static final int HEADER_BYTES = 64;
  private static final int SECTION_BYTES = 64;
  private static final int SYMBOL_BYTES = 24;
  private static final int RELOCATION_BYTES = 16;
  private static final int SYMBOL_FUNCTION = 2;
  private static final int SYMBOL_OBJECT = 1;
  private static final int MAP_LOAD_BYTES = 16;

  /** Sections without bytes in the file claim any size; our variables are a few hundred bytes. */
  private static final int LARGEST_NOBITS = 1 << 20;

  private record Section(
      int index, String name, int type, long flags, ByteBuffer bytes, int info) {}

  private record Symbol(String name, int type, int section, int value, int size) {}

  /** Reads an object file's bytes. */
  public static BpfObject parse(byte[] file) throws MalformedObjectException {
    try {
      return new Parser(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN)).parse();
    } catch (IndexOutOfBoundsException | IllegalArgumentException | ArithmeticException e) {
      throw new MalformedObjectException("a truncated or damaged BPF object: " + e, e);
    }
  }

  /** The program of that name; an object without it is a defect of the build. */
  public ProgramSpec program(String name) {
    ProgramSpec program = programs.get(name);
    if (program == null) {
      throw new IllegalArgumentException("no program " + name + " among " + programs.keySet());
    }
    return program;
  }

  private static final class Parser {
    private final ByteBuffer file;
    private final List<Section> sections = new ArrayList<>();
    private final List<Symbol> symbols = new ArrayList<>();

    Parser(ByteBuffer file) {
      this.file = file;
    }

    BpfObject parse() throws MalformedObjectException {
      if (file.limit() < HEADER_BYTES
          || file.getInt(0) != MAGIC
          || file.getShort(4) != CLASS_64_LITTLE_ENDIAN
          || file.getShort(18) != MACHINE_BPF) {
        throw new MalformedObjectException("not a 64-bit little-endian BPF object file");
      }
      readSections();
      readSymbols();
      Btf btf = Btf.parse(section(".BTF").bytes);
      Map<String, MapSpec> maps = new LinkedHashMap<>();
      for (MapSpec map : MapDeclarations.read(btf)) {
        maps.put(map.name(), map);
      }
      return new BpfObject(
          cString(section("license").bytes, 0), readPrograms(), maps, readVariables(), btf);
    }

    private void readSections() throws MalformedObjectException {
      long table = file.getLong(40);
      int count = Short.toUnsignedInt(file.getShort(60));
      int nameSection = Short.toUnsignedInt(file.getShort(62));
      if (table + (long) count * SECTION_BYTES > file.limit()) {
        throw new MalformedObjectException("the BPF object ends within its table of sections");
      }
      ByteBuffer names = sectionBytes(table, nameSection);
      for (int i = 0; i < count; i++) {
        int header = Math.toIntExact(table + (long) i * SECTION_BYTES);
        sections.add(
            new Section(
                i,
                cString(names, file.getInt(header)),
                file.getInt(header + 4),
                file.getLong(header + 8),
                sectionBytes(table, i),
                file.getInt(header + 44)));
      }
    }

    private ByteBuffer sectionBytes(long table, int index) throws MalformedObjectException {
      int header = Math.toIntExact(table + (long) index * SECTION_BYTES);
      int size = Math.toIntExact(file.getLong(header + 32));
      if (file.getInt(header + 4) == TYPE_NOBITS) {
        if (size > LARGEST_NOBITS) {
          throw new MalformedObjectException("section " + index + " claims " + size + " bytes");
        }
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
      }
      int offset = Math.toIntExact(file.getLong(header + 24));
      return file.slice(offset, size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Section section(String name) throws MalformedObjectException {
      for (Section section : sections) {
        if (section.name.equals(name)) {
          return section;
        }
      }
      throw new MalformedObjectException("the BPF object has no section " + name);
    }

    private void readSymbols() throws MalformedObjectException {
      for (Section section : sections) {
        if (section.type != TYPE_SYMTAB) {
          continue;
        }
        int header = Math.toIntExact(file.getLong(40) + (long) section.index * SECTION_BYTES);
        ByteBuffer names = sections.get(file.getInt(header + 40)).bytes;
        for (int at = 0; at < section.bytes.limit(); at += SYMBOL_BYTES) {
          symbols.add(
              new Symbol(
                  cString(names, section.bytes.getInt(at)),
                  section.bytes.get(at + 4) & 0xf,
                  Short.toUnsignedInt(section.bytes.getShort(at + 6)),
                  Math.toIntExact(section.bytes.getLong(at + 8)),
                  Math.toIntExact(section.bytes.getLong(at + 16))));
        }
        return;
      }
      throw new MalformedObjectException("the BPF object has no symbols");
    }

    private Map<String, ProgramSpec> readPrograms() throws MalformedObjectException {
      Map<String, ProgramSpec> programs = new LinkedHashMap<>();
      for (Section section : sections) {
        if ((section.flags & FLAG_EXECINSTR) == 0 || section.bytes.limit() == 0) {
          continue;
        }
        List<Symbol> functions =
            symbols.stream()
                .filter(s -> s.section == section.index && s.type == SYMBOL_FUNCTION)
                .toList();
        if (functions.size() != 1) {
          throw new MalformedObjectException(
              "section " + section.name + " must hold one program and holds " + functions);
        }
        byte[] instructions = new byte[section.bytes.limit()];
        section.bytes.get(0, instructions);
        String name = functions.get(0).name;
        programs.put(
            name, new ProgramSpec(name, section.name, instructions, readRelocations(section)));
      }
      return programs;
    }

    private List<ProgramSpec.Relocation> readRelocations(Section program)
        throws MalformedObjectException {
      List<ProgramSpec.Relocation> relocations = new ArrayList<>();
      for (Section section : sections) {
        if (section.type != TYPE_REL || section.info != program.index) {
          continue;
        }
        for (int at = 0; at < section.bytes.limit(); at += RELOCATION_BYTES) {
          int offset = Math.toIntExact(section.bytes.getLong(at));
          int type = section.bytes.getInt(at + 8);
          Symbol symbol = symbols.get(section.bytes.getInt(at + 12));
          if (type != RELOCATION_64_64 || offset % 8 != 0) {
            throw new MalformedObjectException(
                "program section "
                    + program.name
                    + " needs relocation type "
                    + type
                    + " at "
                    + offset
                    + ", and only map and variable addresses are supported");
          }
          if (offset < 0 || offset > program.bytes.limit() - MAP_LOAD_BYTES) {
            throw new MalformedObjectException(
                "program section " + program.name + " has no instruction to relocate at " + offset);
          }
          relocations.add(
              new ProgramSpec.Relocation(
                  offset, sections.get(symbol.section).name, symbol.name, symbol.value));
        }
      }
      return relocations;
    }

    private Map<String, VariableSection> readVariables() throws MalformedObjectException {
      Map<String, VariableSection> variables = new LinkedHashMap<>();
      for (Section section : sections) {
        if (!section.name.equals(".rodata") && !section.name.equals(".bss")) {
          continue;
        }
        Map<String, Variable> found = new LinkedHashMap<>();
        for (Symbol symbol : symbols) {
          if (symbol.section == section.index && symbol.type == SYMBOL_OBJECT) {
            if (symbol.value < 0
                || symbol.size < 0
                || symbol.value > section.bytes.limit() - symbol.size) {
              throw new MalformedObjectException(
                  "variable " + symbol.name + " lies outside of section " + section.name);
            }
            found.put(symbol.name, new Variable(symbol.value, symbol.size));
          }
        }
        byte[] initial = new byte[section.bytes.limit()];
        section.bytes.get(0, initial);
        variables.put(section.name, new VariableSection(initial, found));
      }
      return variables;
    }
  }

  static String cString(ByteBuffer bytes, int offset) {
    int end = offset;
    while (bytes.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end - offset];
    bytes.get(offset, text);
    return new String(text, StandardCharsets.UTF_8);
  }
}
