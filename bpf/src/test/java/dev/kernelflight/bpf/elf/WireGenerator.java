package dev.kernelflight.bpf.elf;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Makes the source of {@code Wire}, the wire format as Java constants, from an object's BTF: one
 * nested class for the type of each member of {@code struct wire} in {@code event.h}. {@code
 * bpf/build-objects} runs it with the objects of all architectures, which have to agree.
 */
public final class WireGenerator {
  private static final String HEAD =
      """
      package dev.kernelflight.bpf.abi;

      /**
       * The wire format of the BPF programs, {@code event.h}: offsets and sizes in bytes, and constants.
       * Generated from the objects' BTF by {@code bpf/build-objects}; not to be edited.
       */
      public final class Wire {
        private Wire() {}
      """;

  private final Btf btf;
  private final StringBuilder source = new StringBuilder(HEAD);

  private WireGenerator(Btf btf) {
    this.btf = btf;
  }

  /**
   * Prints the source.
   *
   * @param objects files of object code
   */
  public static void main(String... objects) throws Exception {
    String source = "";
    for (String object : objects) {
      String ofThis = generate(BpfObject.parse(Files.readAllBytes(Path.of(object))).btf());
      if (!source.isEmpty() && !source.equals(ofThis)) {
        throw new IllegalStateException(object + " has another wire format than " + objects[0]);
      }
      source = ofThis;
    }
    System.out.print(source);
  }

  /** The source of {@code Wire} for the types of an object. */
  static String generate(Btf btf) {
    WireGenerator generator = new WireGenerator(btf);
    for (Btf.Member member : btf.struct("wire").members()) {
      generator.add(member.typeId());
    }
    return generator.source.append("}\n").toString();
  }

  private void add(int typeId) {
    int type = btf.kind(typeId) == Btf.KIND_ARRAY ? btf.target(typeId) : typeId;
    boolean isStruct = btf.kind(type) == Btf.KIND_STRUCT;
    source
        .append("\n  /** {@code ")
        .append(isStruct ? "struct " : "enum ")
        .append(btf.name(type))
        .append("}. */\n  public static final class ")
        .append(className(btf.name(type)))
        .append(" {\n");
    if (isStruct) {
      addMembers(btf.members(type), "", 0);
      addConstant("BYTES", btf.size(type));
    } else {
      btf.enumerators(type).forEach((name, value) -> addConstant(name, value));
    }
    source.append("\n    private ").append(className(btf.name(type))).append("() {}\n  }\n");
  }

  private void addMembers(List<Btf.Member> members, String prefix, int base) {
    for (Btf.Member member : members) {
      int offset = base + member.offset();
      int kind = btf.kind(member.typeId());
      if (member.name().isEmpty()) {
        addMembers(btf.members(member.typeId()), prefix, offset);
        continue;
      }
      String name = prefix + member.name().toUpperCase(Locale.ROOT);
      addConstant(name, offset);
      if (kind == Btf.KIND_ARRAY) {
        addConstant(name + "_COUNT", btf.arrayLength(member.typeId()));
      }
      if (kind == Btf.KIND_ARRAY || kind == Btf.KIND_STRUCT || kind == Btf.KIND_UNION) {
        addConstant(name + "_BYTES", btf.size(member.typeId()));
      }
    }
  }

  private void addConstant(String name, int value) {
    source
        .append("    public static final int ")
        .append(name)
        .append(" = ")
        .append(value)
        .append(";\n");
  }

  private static String className(String cName) {
    StringBuilder name = new StringBuilder();
    for (String word : cName.split("_", -1)) {
      name.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
    }
    return name.toString();
  }
}
