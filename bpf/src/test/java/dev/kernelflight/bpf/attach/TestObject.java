package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import java.util.Map;

/** The committed object in the kernel, with nothing attached. */
final class TestObject {
  private TestObject() {}

  static LoadedObject create() throws Exception {
    String name =
        "/dev/kernelflight/bpf/kernelflight-" + Architecture.current().kernelName() + ".bpf.o";
    try (var in = BpfObject.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("no " + name);
      }
      MapSpec events =
          new MapSpec("events", Bpf.MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, Cpus.possible(), 0);
      return LoadedObject.create(
          BpfObject.parse(in.readAllBytes()), Map.of(), Map.of("events", events));
    }
  }
}
