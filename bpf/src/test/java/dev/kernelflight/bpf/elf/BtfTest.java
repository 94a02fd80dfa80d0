package dev.kernelflight.bpf.elf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Random;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.Test;

class BtfTest {
  private final BtfBuilder btf = new BtfBuilder();
  private final int u32 = btf.integer("u32", 4);
  private final int u64 = btf.integer("u64", 8);

  @Test
  void aStructsMembers() throws Exception {
    int name = btf.array(btf.integer("char", 1), 16);
    int a = btf.string("a");
    int b = btf.string("b");
    int c = btf.string("c");
    btf.type("s", Btf.KIND_STRUCT, 3, 32, a, u32, 0, b, u64, 64, c, name, 128);
    Btf parsed = btf.parse();
    Btf.Struct struct = parsed.struct("s");
    assertThat(struct.size()).isEqualTo(32);
    assertThat(struct.members())
        .containsExactly(
            new Btf.Member("a", 0, u32),
            new Btf.Member("b", 8, u64),
            new Btf.Member("c", 16, name));
    assertThat(struct.member("c").offset()).isEqualTo(16);
    assertThat(parsed.size(struct.member("c").typeId())).isEqualTo(16);
    assertThatThrownBy(() -> struct.member("d")).hasMessageContaining("d");
    assertThatThrownBy(() -> parsed.struct("t")).hasMessageContaining("t");
  }

  @Test
  void sizesThroughTypedefsQualifiersAndArrays() throws Exception {
    int typedef = btf.type("size_t", Btf.KIND_TYPEDEF, 0, u64);
    int constant = btf.type("", Btf.KIND_CONST, 0, typedef);
    int matrix = btf.array(btf.array(constant, 3), 5);
    int pointer = btf.pointer(matrix);
    int nothing = btf.array(u64, 0);
    Btf parsed = btf.parse();
    assertThat(parsed.size(constant)).isEqualTo(8);
    assertThat(parsed.size(matrix)).isEqualTo(120);
    assertThat(parsed.size(pointer)).isEqualTo(8);
    assertThat(parsed.size(nothing)).isZero();
  }

  @Test
  void functionsAndTheirParameters() throws Exception {
    int proto = btf.type("", Btf.KIND_FUNC_PROTO, 3, u32, 0, u32, 0, u64, 0, u64);
    int open = btf.type("do_open", Btf.KIND_FUNC, 0, proto);
    btf.type("do_open_more", Btf.KIND_FUNC, 0, proto);
    Btf parsed = btf.parse();
    assertThat(parsed.function("do_open")).isEqualTo(OptionalInt.of(open));
    assertThat(parsed.parameters(open)).isEqualTo(3);
    assertThat(parsed.function("do_ope")).isEmpty();
    assertThat(parsed.function("u32")).as("a type of another kind").isEmpty();
  }

  @Test
  void aTypeThatIsMadeOfItself() throws Exception {
    int next = 3;
    btf.type("a", Btf.KIND_TYPEDEF, 0, next + 1);
    btf.type("b", Btf.KIND_TYPEDEF, 0, next);
    int array = btf.array(5, 1);
    Btf parsed = btf.parse();
    assertThatThrownBy(() -> parsed.size(next)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> parsed.size(array)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTypeThatIsTooLargeForAnInt() throws Exception {
    int huge = btf.array(btf.array(u64, 1 << 20), 1 << 20);
    Btf parsed = btf.parse();
    assertThatThrownBy(() -> parsed.size(huge)).isInstanceOf(ArithmeticException.class);
  }

  @Test
  void aTypeThatDoesNotExist() throws Exception {
    Btf parsed = btf.parse();
    assertThatThrownBy(() -> parsed.size(3)).hasMessageContaining("3");
    assertThatThrownBy(() -> parsed.size(-1)).hasMessageContaining("-1");
  }

  @Test
  void aKindOfTheFuture() {
    btf.type("x", 31, 0, 0);
    assertThatThrownBy(btf::parse)
        .isInstanceOf(MalformedObjectException.class)
        .hasMessageContaining("31");
  }

  @Test
  void otherBytes() {
    assertMalformed(new byte[0]);
    assertMalformed(new byte[24]);
    assertMalformed("This is certainly no type information.".getBytes(UTF_8));
  }

  @Test
  void truncatedAtEveryLength() {
    btf.type("f", Btf.KIND_FUNC, 0, btf.type("", Btf.KIND_FUNC_PROTO, 1, u32, 0, u64));
    byte[] whole = btf.bytes();
    for (int length = 0; length < whole.length; length++) {
      assertMalformed(Arrays.copyOf(whole, length));
    }
  }

  private static void assertMalformed(byte[] bytes) {
    assertThatThrownBy(() -> Btf.parse(ByteBuffer.wrap(bytes)))
        .as(bytes.length + " bytes")
        .isInstanceOf(MalformedObjectException.class);
  }

  @Test
  void damagedBytes() {
    btf.type("f", Btf.KIND_FUNC, 0, btf.type("", Btf.KIND_FUNC_PROTO, 1, u32, 0, u64));
    byte[] whole = btf.bytes();
    Random random = new Random(42);
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = whole.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        Btf.parse(ByteBuffer.wrap(damaged));
      } catch (MalformedObjectException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  /** Readable by everyone, 100,000 types or so. */
  @Test
  void thatOfTheRunningKernel() throws Exception {
    Path kernel = Path.of("/sys/kernel/btf/vmlinux");
    Assumptions.assumeThat(Files.isReadable(kernel)).as("the kernel has BTF").isTrue();
    Btf parsed = Btf.parse(ByteBuffer.wrap(Files.readAllBytes(kernel)));
    // struct list_head is part of everything, and two pointers
    assertThat(parsed.struct("list_head").members())
        .extracting(Btf.Member::name, Btf.Member::offset)
        .containsExactly(tuple("next", 0), tuple("prev", 8));
    OptionalInt schedule = parsed.function("schedule");
    assertThat(schedule).isPresent();
    assertThat(parsed.parameters(schedule.getAsInt())).isZero();
  }
}
