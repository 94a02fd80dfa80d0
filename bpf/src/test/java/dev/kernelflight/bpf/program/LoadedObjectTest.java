package dev.kernelflight.bpf.program;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.KernelTest;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.elf.ProgramSpec;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Fd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@KernelTest
class LoadedObjectTest {
  private static final byte MOVE_REGISTER = (byte) 0xbf;
  private static final byte EXIT = (byte) 0x95;

  private static BpfObject parse() throws Exception {
    String name =
        "/dev/kernelflight/bpf/kernelflight-" + Architecture.current().kernelName() + ".bpf.o";
    try (var in = BpfObject.class.getResourceAsStream(name)) {
      assertThat(in).isNotNull();
      return BpfObject.parse(in.readAllBytes());
    }
  }

  private static LoadedObject create(BpfObject object) throws Exception {
    MapSpec events = new MapSpec("events", Bpf.MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, Cpus.possible(), 0);
    return LoadedObject.create(object, Map.of(), Map.of("events", events));
  }

  private static BpfObject with(ProgramSpec program) throws Exception {
    BpfObject object = parse();
    Map<String, ProgramSpec> programs = new LinkedHashMap<>(object.programs());
    programs.put(program.name(), program);
    return new BpfObject(
        object.license(), programs, object.maps(), object.variables(), object.btf());
  }

  /** So many copies of the context register, then an exit without a result. */
  private static ProgramSpec withoutResult(int moves) {
    ByteBuffer code = ByteBuffer.allocate((moves + 1) * 8).order(ByteOrder.nativeOrder());
    for (int i = 0; i < moves; i++) {
      code.put(MOVE_REGISTER).put((byte) 0x12).putShort((short) 0).putInt(0);
    }
    code.put(EXIT);
    return new ProgramSpec("broken", "raw_tp/broken", code.array(), List.of());
  }

  @Test
  void aProgramThatTheVerifierRefuses() throws Exception {
    try (LoadedObject object = create(with(withoutResult(0)))) {
      assertThatThrownBy(() -> object.load("broken", 0))
          .isInstanceOfSatisfying(
              VerifierException.class,
              e -> {
                assertThat(e.log()).contains("R0 !read_ok");
                assertThat(e.isPermission()).isFalse();
              })
          .hasMessageContaining("BPF_PROG_LOAD broken")
          .hasMessageContaining("R0 !read_ok");
    }
  }

  @Test
  void ofALongLogOnlyTheEndIsInTheMessage() throws Exception {
    try (LoadedObject object = create(with(withoutResult(500)))) {
      assertThatThrownBy(() -> object.load("broken", 0))
          .isInstanceOfSatisfying(
              VerifierException.class, e -> assertThat(e.log().lines().count()).isGreaterThan(500))
          .hasMessageContaining("lines before left out")
          .hasMessageContaining("R0 !read_ok");
    }
  }

  @Test
  void aProgramOfAnUnknownKind() throws Exception {
    ProgramSpec unknown = new ProgramSpec("odd", "odd", new byte[8], List.of());
    try (LoadedObject object = create(with(unknown))) {
      assertThatThrownBy(() -> object.load("odd", 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("unknown kind");
    }
  }

  @Test
  void variablesAreSharedWithThePrograms() throws Exception {
    try (LoadedObject object = create(parse())) {
      assertThat(object.variable("filter").get(JAVA_INT, 0)).isZero();
      try (Fd identify = object.load("identify", 0)) {
        Bpf.runOnce("identify", identify);
      }
      assertThat(object.variable("filter").get(JAVA_INT, 0)).as("filter.tgid").isPositive();
    }
  }

  @Test
  void whatTheObjectDoesNotHave() throws Exception {
    try (LoadedObject object = create(parse())) {
      assertThatThrownBy(() -> object.map("absent")).hasMessageContaining("absent");
      assertThatThrownBy(() -> object.variable("absent")).hasMessageContaining("absent");
      assertThatThrownBy(() -> object.load("absent", 0)).hasMessageContaining("absent");
    }
    assertThatThrownBy(() -> LoadedObject.create(parse(), Map.of("absent", 1L), Map.of()).close())
        .isInstanceOf(Exception.class);
  }
}
