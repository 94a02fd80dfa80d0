package dev.kernelflight.bpf.elf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.Resource;
import dev.kernelflight.bpf.abi.Wire;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The committed {@link Wire} is that of the committed objects. */
class WireTest {
  private static final Path SOURCE = Path.of("src/main/java/dev/kernelflight/bpf/abi/Wire.java");

  @ParameterizedTest
  @EnumSource
  void isThatOfTheObject(Architecture architecture) throws Exception {
    String name = "/dev/kernelflight/bpf/kernelflight-" + architecture.kernelName() + ".bpf.o";
    BpfObject object = BpfObject.parse(Resource.bytes(WireTest.class, name));
    assertThat(WireGenerator.generate(object.btf()))
        .as("run bpf/build-objects")
        .isEqualTo(Files.readString(SOURCE));
  }
}
