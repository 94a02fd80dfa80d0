package dev.kernelflight.bpf.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MapDeclarationsTest {
  private final BtfBuilder btf = new BtfBuilder();

  /** The element type of the arrays whose lengths are numbers. */
  private final int u32 = btf.integer("u32", 4);

  private int map(String name, Object... namesAndTypes) {
    int entries = namesAndTypes.length / 2;
    int[] members = new int[3 * entries];
    for (int i = 0; i < entries; i++) {
      members[3 * i] = btf.string((String) namesAndTypes[2 * i]);
      members[3 * i + 1] = (int) namesAndTypes[2 * i + 1];
      members[3 * i + 2] = 64 * i;
    }
    int struct = btf.type("", Btf.KIND_STRUCT, entries, 8 * entries, members);
    return btf.type(name, Btf.KIND_VAR, 0, struct, 1);
  }

  private void section(String name, int... variables) {
    int[] entries = new int[3 * variables.length];
    for (int i = 0; i < variables.length; i++) {
      entries[3 * i] = variables[i];
      entries[3 * i + 1] = 32 * i;
      entries[3 * i + 2] = 32;
    }
    btf.type(name, Btf.KIND_DATASEC, variables.length, 0, entries);
  }

  @Test
  void numbersAreArrayLengthsAndTypesArePointers() throws Exception {
    int value = btf.array(u32, 10);
    int sized =
        map("sized", "type", btf.number(4), "key_size", btf.number(3), "value_size", btf.number(7));
    int typed =
        map(
            "typed",
            "type",
            btf.number(1),
            "max_entries",
            btf.number(16384),
            "key",
            btf.pointer(u32),
            "value",
            btf.pointer(value));
    section(".maps", sized, typed);
    assertThat(MapDeclarations.read(btf.parse()))
        .containsExactly(
            new MapSpec("sized", 4, 3, 7, 0, 0), new MapSpec("typed", 1, 4, 40, 16384, 0));
  }

  @Test
  void anObjectWithoutMaps() throws Exception {
    section(".bss");
    assertThat(MapDeclarations.read(btf.parse())).isEmpty();
  }

  /** Ignoring what a map asks for would be creating another one. */
  @Test
  void aDeclarationThatIsUnknown() throws Exception {
    section(".maps", map("odd", "pinning", btf.number(1)));
    Btf parsed = btf.parse();
    assertThatThrownBy(() -> MapDeclarations.read(parsed))
        .isInstanceOf(MalformedObjectException.class)
        .hasMessageContaining("odd")
        .hasMessageContaining("pinning");
  }
}
