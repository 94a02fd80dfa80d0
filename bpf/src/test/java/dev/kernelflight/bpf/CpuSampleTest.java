package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.LocalSession.Scope;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.elf.Btf.Struct;
import dev.kernelflight.bpf.source.CpuSamples;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** CPU samples of this process, of another one, and of all. */
@KernelTest
@Tag("hooks")
class CpuSampleTest {
  private static final int EVENT_CPU_SAMPLE = 3;
  private static final int SAMPLE_KERNEL = 1;
  private static final int FREQUENCY = 199;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static volatile long burned;

  /** Read by the layout that the object's own BTF tells. */
  private record Sample(int tid, int pid, int mode, int stackLength) {
    private static final Struct HEADER = OpenRecord.struct("event");
    private static final Struct SAMPLE = OpenRecord.struct("cpu_sample_event");

    static Sample read(MemorySegment memory, long offset) {
      assertThat(integer(memory, offset, HEADER, "type")).isEqualTo(EVENT_CPU_SAMPLE);
      return new Sample(
          integer(memory, offset, HEADER, "tid"),
          integer(memory, offset, HEADER, "pid"),
          integer(memory, offset, SAMPLE, "mode"),
          integer(memory, offset, SAMPLE, "stack_length"));
    }

    private static int integer(MemorySegment memory, long offset, Struct struct, String member) {
      return memory.get(JAVA_INT_UNALIGNED, offset + struct.member(member).offset());
    }
  }

  private static Options options(Buffer buffer) {
    return new Options(Optional.empty(), buffer, 64);
  }

  private static Demand samples() {
    return Demand.of(CpuSamples.SOURCE, new CpuSamples.Wanted(FREQUENCY));
  }

  /** Drains until a sample passes; all that came. */
  private static List<Sample> await(Session session, Predicate<Sample> wanted) throws Exception {
    List<Sample> all = new ArrayList<>();
    long begun = System.nanoTime();
    while (all.stream().noneMatch(wanted)) {
      assertThat(System.nanoTime() - begun).as("only " + all).isLessThan(PATIENCE_NANOS);
      session.drain((memory, offset, length) -> all.add(Sample.read(memory, offset)));
    }
    return all;
  }

  private static Thread burn() {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!Thread.currentThread().isInterrupted()) {
            burned = burned * 31 + 7;
          }
        });
  }

  private static Process busyProcess() throws Exception {
    return new ProcessBuilder("sh", "-c", "while :; do :; done").start();
  }

  @ParameterizedTest
  @EnumSource
  void thisProcessWithoutTheDrainingThread(Buffer buffer) throws Exception {
    Process other = busyProcess();
    Thread burning = burn();
    int self = CurrentProcess.threadId();
    try (Epoll epoll = new Epoll();
        Session session = LocalSession.open(options(buffer), self, epoll)) {
      session.follow(samples());
      assertThat(session.probe(CpuSamples.SOURCE).orElseThrow().hook().kind())
          .isEqualTo(HookKind.PERF_EVENT);
      List<Sample> samples = await(session, sample -> sample.mode != SAMPLE_KERNEL);
      assertThat(samples)
          .allMatch(sample -> sample.pid == ProcessHandle.current().pid())
          .noneMatch(sample -> sample.tid == self)
          .filteredOn(sample -> sample.mode != SAMPLE_KERNEL)
          .allMatch(sample -> sample.stackLength == 0);
      assertThat(session.counters()).extracting(Counters::lost).containsOnly(0L);

      session.follow(Demand.NOTHING);
      session.drain((memory, offset, length) -> samples.add(Sample.read(memory, offset)));
      assertThat(Arrays.stream(session.counters()).mapToLong(Counters::sent).sum())
          .isEqualTo(samples.size());
      TimeUnit.MILLISECONDS.sleep(5 * 1000 / FREQUENCY);
      session.drain((memory, offset, length) -> fail("a sample, though none is wanted"));
    } finally {
      burning.interrupt();
      other.destroyForcibly().waitFor();
    }
  }

  @Test
  void anotherProcess() throws Exception {
    Process other = busyProcess();
    Thread burning = burn();
    try (Epoll epoll = new Epoll();
        Session session =
            LocalSession.open(
                options(Buffer.PERF), new Scope.OtherProcess((int) other.pid()), epoll)) {
      session.follow(samples());
      assertThat(await(session, sample -> true)).allMatch(sample -> sample.pid == other.pid());
    } finally {
      burning.interrupt();
      other.destroyForcibly().waitFor();
    }
  }

  @Test
  void allProcessesButThisOne() throws Exception {
    Process other = busyProcess();
    Thread burning = burn();
    try (Epoll epoll = new Epoll();
        Session session =
            LocalSession.open(options(Buffer.PERF), new Scope.AllProcesses(), epoll)) {
      session.follow(samples());
      assertThat(await(session, sample -> sample.pid == other.pid()))
          .noneMatch(sample -> sample.pid == ProcessHandle.current().pid())
          .noneMatch(sample -> sample.tid == 0);
    } finally {
      burning.interrupt();
      other.destroyForcibly().waitFor();
    }
  }
}
