package dev.kernelflight.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.agent.kind.FileOpenRecord;
import dev.kernelflight.agent.kind.KernelClock;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.RecordKind;
import dev.kernelflight.agent.kind.RecordOrigin;
import dev.kernelflight.agent.kind.Symbols;
import dev.kernelflight.agent.threads.ThreadDirectory;
import dev.kernelflight.agent.threads.VirtualThreads;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.TickClock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Decoding and committing of records that lie ready in memory, into a recording on disk: the
 * draining thread's work without the kernel's part.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 2,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class EmitBenchmark {
  private static final int RECORDS = 1024;
  private static final int DIFFERENT_PATHS = 16;
  private static final int PATH = 80;
  private static final int RECORD_BYTES = 256;
  private static final int TID = 4711;
  private static final int AT_FDCWD = -100;
  private static final int FD = 5;
  private static final String[] PATHS =
      IntStream.range(0, DIFFERENT_PATHS)
          .mapToObj(i -> "/var/lib/application/data/segment-" + i + ".index")
          .toArray(String[]::new);

  private final Arena arena = Arena.ofShared();
  private final MemorySegment records = arena.allocate((long) RECORDS * RECORD_BYTES, 8);
  private final FileOpenRecord record = Kinds.OPENS.newRecord(new Symbols(warning -> {}));
  private final KernelClock clock = new KernelClock(TickClock::now);
  private final Thread thread = Thread.currentThread();
  private final ThreadDirectory threads =
      new ThreadDirectory(() -> new Thread[] {thread}, any -> TID, System::nanoTime, () -> {});
  private final RecordKind.RecordWriter emitter =
      Kinds.OPENS.jfrWriter(
          record, new RecordOrigin(clock, threads, new VirtualThreads(List::of, () -> {})));
  private final FileOpenEvent event = new FileOpenEvent();
  private final long tick = TickClock.now();
  private final Path destination;
  private final Recording recording;

  /** Called by JMH. */
  public EmitBenchmark() {
    try {
      destination = Files.createTempFile("kernelflight-benchmark", ".jfr");
      recording = new Recording(Configuration.getConfiguration("default"));
      recording.setToDisk(true);
      recording.setDestination(destination);
      recording.setMaxSize(100_000_000);
    } catch (IOException | ParseException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes the records and begins to record. */
  @Setup(Level.Trial)
  public void start() {
    long now = System.nanoTime();
    for (int i = 0; i < RECORDS; i++) {
      byte[] path = PATHS[i % DIFFERENT_PATHS].getBytes(StandardCharsets.US_ASCII);
      MemorySegment to = records.asSlice((long) i * RECORD_BYTES, RECORD_BYTES);
      to.set(JAVA_INT, 0, Kinds.OPENS.recordType());
      to.set(JAVA_INT, 4, TID);
      to.set(JAVA_LONG, 16, now + i);
      to.set(JAVA_LONG, 24, now + i + 1000);
      to.set(JAVA_LONG, 56, 0x80000);
      to.set(JAVA_INT, 64, FD);
      to.set(JAVA_INT, 72, AT_FDCWD);
      to.set(JAVA_INT, 76, path.length);
      MemorySegment.copy(path, 0, to, JAVA_BYTE, PATH, path.length);
    }
    recording.start();
    clock.anchor();
  }

  /** Ends the recording, which must hold what was committed. */
  @TearDown(Level.Trial)
  public void stop() throws IOException {
    recording.stop();
    recording.close();
    long size = Files.size(destination);
    Files.delete(destination);
    arena.close();
    if (size < RECORD_BYTES * RECORDS) {
      throw new IllegalStateException("nothing was recorded");
    }
  }

  /** What JFR's part of it is: the same events, whose fields are known beforehand. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public void commit() {
    for (int i = 0; i < RECORDS; i++) {
      event.setTime(tick + i, 1);
      event.thread = thread;
      event.osThreadId = TID;
      event.path = PATHS[i % DIFFERENT_PATHS];
      event.flags = "O_RDONLY|O_CLOEXEC";
      event.directoryFd = AT_FDCWD;
      event.fd = FD;
      event.commit();
    }
  }

  /** One batch. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public void emit() {
    for (int i = 0; i < RECORDS; i++) {
      if (!record.wrap(records, (long) i * RECORD_BYTES, RECORD_BYTES)) {
        throw new IllegalStateException("the record is wrong");
      }
      emitter.write();
    }
  }
}
