package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agent.threads.ThreadDirectory;
import dev.kernelflight.agent.threads.VirtualThreads;
import dev.kernelflight.bpf.abi.KernelNames;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordOriginTest {
  private static final int TID = 4242;
  private static final long OFFSET = 1_000_000_000_000L;

  private final Thread running = Thread.currentThread();
  private long now = System.nanoTime();
  private final ThreadDirectory threads =
      new ThreadDirectory(() -> new Thread[0], thread -> -1, () -> now, () -> {});
  private final RecordOrigin origin =
      new RecordOrigin(
          new KernelClock(System::nanoTime, System::nanoTime, OFFSET),
          threads,
          new VirtualThreads(List::of, () -> {}));

  private static Thread ended() throws InterruptedException {
    Thread thread = new Thread(() -> {});
    thread.start();
    thread.join();
    return thread;
  }

  private void started(Thread thread) {
    threads.started(TID, thread);
    threads.update();
  }

  /** A record as the kernel makes it, whose clock is behind this namespace's. */
  private static FileOpenRecord record(long nanoTime) {
    byte[] path = "/etc/hosts".getBytes(StandardCharsets.US_ASCII);
    MemorySegment memory = MemorySegment.ofArray(new byte[80 + path.length + 1]);
    memory.set(JAVA_INT_UNALIGNED, 0, Kinds.OPENS.recordType());
    memory.set(JAVA_INT_UNALIGNED, 4, TID);
    memory.set(JAVA_LONG_UNALIGNED, 16, nanoTime - OFFSET);
    memory.set(JAVA_LONG_UNALIGNED, 24, nanoTime - OFFSET);
    MemorySegment.copy(
        MemorySegment.ofArray("name".getBytes(StandardCharsets.US_ASCII)), 0, memory, 40, 4);
    memory.set(JAVA_INT_UNALIGNED, 76, path.length);
    MemorySegment.copy(path, 0, memory, JAVA_BYTE, 80, path.length);
    FileOpenRecord record = new FileOpenRecord(KernelNames.ofThisMachine());
    assertThat(record.wrap(memory, 0, (int) memory.byteSize())).isTrue();
    return record;
  }

  private void assertOrigin(
      FileOpenRecord record, @Nullable Thread expected, @Nullable String expectedName) {
    Thread thread = origin.thread(record);
    assertThat(thread).isEqualTo(expected);
    assertThat(origin.osThreadName(record, thread)).isEqualTo(expectedName);
  }

  @Test
  void aThreadThatIsNoneOfJava() {
    assertOrigin(record(now), null, "name");
  }

  @Test
  void theThreadThatHadTheIdAtThatTime() throws Exception {
    Thread before = ended();
    started(before);
    now += 1000;
    started(running);
    assertOrigin(record(now - 500), before, null);
    assertOrigin(record(now + 500), running, null);
  }

  /** Of the chunk that ends or the one that begins: only one of them has its name. */
  @Test
  void aThreadThatEndedBetweenChunksHasBothNames() throws Exception {
    Thread ended = ended();
    started(ended);
    assertOrigin(record(System.nanoTime()), ended, null);
    origin.chunkEnds();
    FileOpenRecord inBetween = record(System.nanoTime());
    assertOrigin(inBetween, ended, "name");
    origin.chunkBegins();
    assertOrigin(inBetween, ended, "name");
    assertOrigin(record(System.nanoTime()), ended, null);
  }

  @Test
  void aThreadThatRunsIsNamedInAnyChunk() {
    started(running);
    FileOpenRecord record = record(System.nanoTime());
    origin.chunkEnds();
    assertOrigin(record, running, null);
    origin.chunkBegins();
    assertOrigin(record, running, null);
  }
}
