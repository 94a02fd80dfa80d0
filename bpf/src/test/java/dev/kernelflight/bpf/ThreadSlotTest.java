package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.sys.CurrentProcess;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Threads whose ids fall into one slot of the programs' table are told apart all the same. */
@KernelTest
class ThreadSlotTest {
  private static final Path LAST_PID = Path.of("/proc/sys/kernel/ns_last_pid");

  /** THREAD_SLOTS of state.h. */
  private static final int SLOTS = 16384;

  private static final int MOST_TRIES = 200;

  @TempDir Path directory;

  /** A thread that does what it is told. */
  private static final class Worker implements AutoCloseable {
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    final int tid;

    Worker() throws Exception {
      tid = call(CurrentProcess::threadId);
    }

    <T extends @Nullable Object> Future<T> start(Callable<T> task) {
      return thread.submit(task);
    }

    <T extends @Nullable Object> T call(Callable<T> task) throws Exception {
      return start(task).get(1, TimeUnit.MINUTES);
    }

    int open(Path path) throws Exception {
      return call(() -> openAndClose("openat", WORKING_DIRECTORY, path.toString(), 0, 0));
    }

    @Override
    public void close() {
      thread.close(); // waits for its end
    }
  }

  /** A thread with that id: the kernel gives the next free one after the last, which can be set. */
  private static Worker withId(int tid) throws Exception {
    for (int i = 0; i < MOST_TRIES; i++) {
      Files.writeString(LAST_PID, Integer.toString(tid - 1));
      Worker worker = new Worker();
      if (worker.tid == tid) {
        return worker;
      }
      worker.close(); // another process was faster
    }
    throw new AssertionError("no thread got the id " + tid);
  }

  @Test
  void twoThreadsOfOneSlot() throws Exception {
    assumeThat(Files.isWritable(LAST_PID)).as(LAST_PID + " can be written").isTrue();
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Path file = Files.createFile(directory.resolve("file"));
    Path later = Files.createFile(directory.resolve("later"));
    Path last = Files.createFile(directory.resolve("last"));
    try (TracedProcess traced = new TracedProcess(new Options(Optional.empty(), Buffer.PERF, 64))) {
      Worker first = new Worker();
      assertThat(first.open(file)).isNotNegative();
      try (Worker second = withId(first.tid ^ SLOTS)) {
        // the first is in the middle of a call while the second makes others
        Future<Integer> waiting =
            first.start(() -> openAndClose("openat", WORKING_DIRECTORY, fifo.toString(), 0, 0));
        assertThat(second.open(file)).isNotNegative();
        assertThat(second.open(later)).isNotNegative();
        OutputStream writer = Files.newOutputStream(fifo);
        assertThat(waiting.get(1, TimeUnit.MINUTES)).isNotNegative();
        writer.close();
        first.close();
        assertThat(second.open(last)).isNotNegative();

        // each CPU's buffer is drained for itself
        assertThat(tids(traced, file)).containsExactlyInAnyOrder(first.tid, second.tid);
        assertThat(tids(traced, fifo)).contains(first.tid).doesNotContain(second.tid);
        assertThat(tids(traced, later)).containsExactly(second.tid);
        assertThat(tids(traced, last)).containsExactly(second.tid);
        assertThat(traced.total(Counters::untracked)).isZero();
        assertThat(traced.total(Counters::unpaired)).isZero();
      }
    }
  }

  private static List<Integer> tids(TracedProcess traced, Path path) throws Exception {
    return traced.opensOf(path).stream().map(OpenRecord::tid).toList();
  }
}
