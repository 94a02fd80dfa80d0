package dev.kernelflight.bpf.elf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * BPF type information: of an object file, or of the whole kernel ({@code /sys/kernel/btf/vmlinux},
 * some 5 MB and 100,000 types, which is why types are found where they lie and not made into
 * objects). Layouts are those of the UAPI header {@code linux/btf.h}. Immutable.
 */
public final class Btf {
  private static final int MAGIC = 0xeb9f;
  private static final int HEADER_BYTES = 24;

  /** More typedefs, qualifiers and arrays than this within each other are a circle. */
  private static final int DEEPEST_TYPE = 64;

  static final int KIND_INT = 1;
  static final int KIND_PTR = 2;
  static final int KIND_ARRAY = 3;
  static final int KIND_STRUCT = 4;
  static final int KIND_UNION = 5;
  static final int KIND_ENUM = 6;
  static final int KIND_TYPEDEF = 8;
  static final int KIND_VOLATILE = 9;
  static final int KIND_CONST = 10;
  static final int KIND_RESTRICT = 11;
  static final int KIND_FUNC = 12;
  static final int KIND_FUNC_PROTO = 13;
  static final int KIND_VAR = 14;
  static final int KIND_DATASEC = 15;
  static final int KIND_FLOAT = 16;
  static final int KIND_DECL_TAG = 17;
  static final int KIND_TYPE_TAG = 18;
  static final int KIND_ENUM64 = 19;

  /**
   * A member of a struct.
   *
   * @param offset bytes from the struct's start
   * @param typeId of its type
   */
  public record Member(String name, int offset, int typeId) {}

  /**
   * A struct.
   *
   * @param size in bytes
   */
  public record Struct(String name, int size, List<Member> members) {
    /** The member of that name. */
    public Member member(String member) {
      return members.stream()
          .filter(m -> m.name.equals(member))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("no " + member + " in " + this));
    }
  }

  private final ByteBuffer types;
  private final ByteBuffer strings;

  /** Where each type lies in {@link #types}, by id; id 0 is void. */
  private final int[] offsets;

  private final int count;

  private Btf(ByteBuffer types, ByteBuffer strings) throws MalformedObjectException {
    this.types = types;
    this.strings = strings;
    int[] found = new int[1024];
    int id = 1;
    for (int at = 0; at < types.limit(); at += typeBytes(at)) {
      if (id == found.length) {
        found = Arrays.copyOf(found, id * 2);
      }
      found[id++] = at;
    }
    offsets = found;
    count = id;
  }

  /** Reads BTF; the buffer's content must no longer change. */
  public static Btf parse(ByteBuffer bytes) throws MalformedObjectException {
    try {
      ByteBuffer btf = bytes.slice().order(ByteOrder.nativeOrder());
      if (btf.limit() < HEADER_BYTES || Short.toUnsignedInt(btf.getShort(0)) != MAGIC) {
        throw new MalformedObjectException("not BTF of this machine's byte order");
      }
      int header = btf.getInt(4);
      ByteBuffer types = btf.slice(header + btf.getInt(8), btf.getInt(12));
      ByteBuffer strings = btf.slice(header + btf.getInt(16), btf.getInt(20));
      return new Btf(types.order(btf.order()), strings);
    } catch (IndexOutOfBoundsException e) {
      throw new MalformedObjectException("truncated or damaged BTF: " + e, e);
    }
  }

  private int typeBytes(int at) throws MalformedObjectException {
    int kind = kindAt(at);
    int entries = types.getInt(at + 4) & 0xffff;
    int extra =
        switch (kind) {
          case KIND_INT, KIND_VAR, KIND_DECL_TAG -> 4;
          case KIND_ARRAY -> 12;
          case KIND_STRUCT, KIND_UNION, KIND_DATASEC, KIND_ENUM64 -> 12 * entries;
          case KIND_ENUM, KIND_FUNC_PROTO -> 8 * entries;
          case KIND_PTR, 7, KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT -> 0;
          case KIND_FUNC, KIND_FLOAT, KIND_TYPE_TAG -> 0;
          default -> throw new MalformedObjectException("BTF of a newer format: type kind " + kind);
        };
    return 12 + extra;
  }

  private int kindAt(int at) {
    return types.getInt(at + 4) >>> 24 & 0x1f;
  }

  int kind(int id) {
    return id == 0 ? 0 : kindAt(offset(id));
  }

  private int offset(int id) {
    if (id <= 0 || id >= count) {
      throw new IllegalArgumentException("no BTF type " + id + ", there are " + count);
    }
    return offsets[id];
  }

  String name(int id) {
    return BpfObject.cString(strings, types.getInt(offset(id)));
  }

  /** The type that a pointer, array, typedef, qualifier, variable or function is of. */
  int target(int id) {
    int at = offset(id);
    return kindAt(at) == KIND_ARRAY ? types.getInt(at + 12) : types.getInt(at + 8);
  }

  int arrayLength(int id) {
    return types.getInt(offset(id) + 20);
  }

  /** The members of a struct, or the variables of a section. */
  List<Member> members(int id) {
    int at = offset(id);
    int entries = types.getInt(at + 4) & 0xffff;
    boolean section = kindAt(at) == KIND_DATASEC;
    List<Member> members = new ArrayList<>(entries);
    for (int i = 0; i < entries; i++) {
      int entry = at + 12 + 12 * i;
      if (section) {
        int variable = types.getInt(entry);
        members.add(new Member(name(variable), types.getInt(entry + 4), target(variable)));
      } else {
        members.add(
            new Member(
                BpfObject.cString(strings, types.getInt(entry)),
                (types.getInt(entry + 8) & 0xffffff) / 8,
                types.getInt(entry + 4)));
      }
    }
    return members;
  }

  /** The constants of an enum, in their order. */
  Map<String, Integer> enumerators(int id) {
    int at = offset(id);
    int entries = types.getInt(at + 4) & 0xffff;
    Map<String, Integer> constants = new LinkedHashMap<>();
    for (int i = 0; i < entries; i++) {
      int entry = at + 12 + 8 * i;
      constants.put(
          BpfObject.cString(strings, types.getInt(entry)), types.getInt(entry + Integer.BYTES));
    }
    return constants;
  }

  /** The size of a type in bytes. */
  public int size(int id) {
    int elements = 1;
    int type = id;
    for (int depth = 0; depth < DEEPEST_TYPE; depth++) {
      int at = offset(type);
      switch (kindAt(at)) {
        case KIND_INT, KIND_STRUCT, KIND_UNION, KIND_ENUM, KIND_FLOAT, KIND_ENUM64 -> {
          return Math.multiplyExact(elements, types.getInt(at + 8));
        }
        case KIND_PTR -> {
          return Math.multiplyExact(elements, 8);
        }
        case KIND_ARRAY -> elements = Math.multiplyExact(elements, arrayLength(type));
        default -> {
          // a typedef or qualifier: as large as what it is of
        }
      }
      type = target(type);
    }
    throw new IllegalArgumentException("BTF type " + id + " is made of itself");
  }

  /** The id of the first type of that kind and name. */
  OptionalInt find(int kind, String name) {
    byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
    for (int id = 1; id < count; id++) {
      int at = offsets[id];
      if (kindAt(at) == kind && isNamed(types.getInt(at), wanted)) {
        return OptionalInt.of(id);
      }
    }
    return OptionalInt.empty();
  }

  private boolean isNamed(int at, byte[] wanted) {
    if (at + wanted.length >= strings.limit() || strings.get(at + wanted.length) != 0) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (strings.get(at + i) != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  /** The id of a function, for programs that attach to it, if the BTF knows it. */
  public OptionalInt function(String name) {
    return find(KIND_FUNC, name);
  }

  /** How many parameters a function has. */
  public int parameters(int functionId) {
    return types.getInt(offset(target(functionId)) + 4) & 0xffff;
  }

  /** The struct of that name. */
  public Struct struct(String name) {
    int id =
        find(KIND_STRUCT, name)
            .orElseThrow(() -> new IllegalArgumentException("no struct " + name));
    return new Struct(name, size(id), members(id));
  }
}
