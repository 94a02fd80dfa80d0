package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With batches that the test writes, for the CPUs that there are and one that there is not. */
@KernelTest
class BatchesTest {
  private record Part(long offset, int length) {}

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment batch = arena.allocate(Wire.Batch.BYTES, 8);
  private final List<Part> taken = new ArrayList<>();
  private int cpus;
  private LoadedObject object;
  private Batches batches;

  @BeforeEach
  void open() throws Exception {
    cpus = Cpus.possible() + 1;
    BpfObject parsed = LocalSession.loadObject(Architecture.current());
    MapSpec events = new MapSpec("events", Bpf.MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, cpus, 0);
    MapSpec many =
        Objects.requireNonNull(parsed.maps().get(Batches.MAP))
            .withMaxEntries(cpus * Batches.OF_CPU);
    MapSpec counters = Objects.requireNonNull(parsed.maps().get("counters")).withMaxEntries(cpus);
    object =
        LoadedObject.create(
            parsed, Map.of(), Map.of("events", events, Batches.MAP, many, "counters", counters));
    batches = Batches.open(object, cpus);
  }

  @AfterEach
  void close() {
    batches.close();
    object.close();
    arena.close();
  }

  private void write(int cpu, int kind, int used, int records, int busy) throws Exception {
    batch.set(JAVA_INT, Wire.Batch.USED, used);
    batch.set(JAVA_INT, Wire.Batch.RECORDS, records);
    batch.set(JAVA_INT, Wire.Batch.BUSY, busy);
    object.map(Batches.MAP).put(cpu * Batches.OF_CPU + kind, batch.toArray(JAVA_BYTE));
  }

  private int read(int cpu, int kind, int offset) throws Exception {
    object.map(Batches.MAP).read(cpu * Batches.OF_CPU + kind, batch);
    return batch.get(JAVA_INT, offset);
  }

  private boolean flush() throws Exception {
    return batches.flush((memory, offset, length) -> taken.add(new Part(offset, length)));
  }

  private long lost(int kind) throws Exception {
    MemorySegment counters = object.memory("counters");
    long sum = 0;
    for (int cpu = 0; cpu < Cpus.possible(); cpu++) {
      long at = (long) cpu * Wire.CpuCounters.BYTES + (long) kind * Wire.Counters.BYTES;
      sum += Counters.read(counters, at).lost();
    }
    return sum;
  }

  /** There is no buffer here that they could go to, so they are counted as lost, each one. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void theProgramSendsThoseOfACpu(int kind) throws Exception {
    int cpu = Cpus.online().length() - 1;
    write(cpu, kind, 192, 3, 0);
    assertThat(flush()).as("all").isTrue();
    assertThat(taken).isEmpty();
    assertThat(read(cpu, kind, Wire.Batch.USED)).isZero();
    assertThat(read(cpu, kind, Wire.Batch.RECORDS)).isZero();
    assertThat(lost(kind)).isEqualTo(3);
  }

  @Test
  void notWhileOneIsWritten() throws Exception {
    write(0, 0, 192, 3, 1);
    write(0, 1, 64, 1, 0);
    assertThat(flush()).as("all").isFalse();
    assertThat(taken).isEmpty();
    assertThat(read(0, 0, Wire.Batch.USED)).isEqualTo(192);
    assertThat(read(0, 0, Wire.Batch.BUSY)).isEqualTo(1);
    assertThat(read(0, 1, Wire.Batch.USED)).isZero();
    assertThat(lost(1)).isEqualTo(1);
  }

  @Test
  void ofACpuThatIsNotThereTheyAreTaken() throws Exception {
    int gone = cpus - 1;
    write(gone, 1, 192, 3, 0);
    assertThat(flush()).as("all").isTrue();
    assertThat(taken).contains(new Part(Wire.Batch.DATA, 192));
    assertThat(batches.taken(gone)).isEqualTo(3);
    for (int offset : List.of(Wire.Batch.USED, Wire.Batch.RECORDS, Wire.Batch.BUSY)) {
      assertThat(read(gone, 1, offset)).isZero();
    }
    taken.clear();
    flush();
    assertThat(taken).isEmpty();
    assertThat(lost(1)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, Wire.Batch.DATA_BYTES + 1})
  void aLengthThatCannotBe(int used) throws Exception {
    write(cpus - 1, 0, used, 1, 0);
    flush();
    assertThat(taken).allMatch(part -> part.length >= 0 && part.length <= Wire.Batch.DATA_BYTES);
    assertThat(read(cpus - 1, 0, Wire.Batch.USED)).isZero();
  }
}
