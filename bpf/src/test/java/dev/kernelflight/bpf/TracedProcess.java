package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.HookOrder;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.Preemption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * This process under a session: the thread that makes one drains it and is not traced; a thread of
 * its own makes opens.
 */
final class TracedProcess implements AutoCloseable {
  static final String THREAD_NAME = "opener";
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(240);

  final Session session;
  private final Epoll epoll;
  private final ExecutorService opener =
      Executors.newSingleThreadExecutor(task -> new Thread(task, THREAD_NAME));
  private final List<OpenRecord> opens = new ArrayList<>();
  private final List<CallRecord> calls = new ArrayList<>();
  private long received;

  TracedProcess(LocalSession.Options options) throws Exception {
    this(options, HookOrder.ofThisKernel());
  }

  /** With these functions to hook for file opens, in order. */
  TracedProcess(LocalSession.Options options, List<Hook> openHooks) throws Exception {
    this(options, HookOrder.ofThisKernel().withFileOpens(openHooks));
  }

  /** With these hooks. */
  TracedProcess(LocalSession.Options options, HookOrder hooks) throws Exception {
    // whatever a thread opens when it starts is over by then
    onOpener(() -> null);
    epoll = new Epoll();
    session =
        LocalSession.open(
            options,
            Architecture.current(),
            hooks,
            new LocalSession.Scope.OwnProcess(CurrentProcess.threadId()),
            epoll);
    try {
      session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
    } catch (NoHookException e) {
      close();
      throw e;
    }
  }

  /** Runs something on the thread that is traced. */
  <T extends @Nullable Object> T onOpener(Callable<T> task) throws Exception {
    return opener.submit(task).get(5, TimeUnit.MINUTES);
  }

  /** The sum of a counter over all CPUs. */
  long total(ToLongFunction<Counters> counter) throws Exception {
    long sum = 0;
    for (Counters cpu : session.counters()) {
      sum += counter.applyAsLong(cpu);
    }
    return sum;
  }

  /**
   * Waits until all opens that were not seen are told to be missing, some only when their thread is
   * gone: each once. There may be some only with kprobes, and with fentry on a kernel that preempts
   * programs. Where the kernel says that it skipped programs for such a reason (it may have been
   * the one that tells at a thread's end, or another process' call), at least so many are told.
   */
  void awaitToldMissing(long missed) throws Exception {
    long begun = System.nanoTime();
    while (total(Counters::unpaired) + skipped() < missed
        && System.nanoTime() - begun < PATIENCE_NANOS) {
      Thread.sleep(10);
    }
    long unpaired = total(Counters::unpaired);
    if (Preemption.interruptsPrograms() && skipped() > 0) {
      assertThat(unpaired + skipped()).as("told to be missing").isGreaterThanOrEqualTo(missed);
      return;
    }
    assertThat(unpaired).as("told to be missing").isEqualTo(missed);
    HookKind hook = session.probe(FileOpens.SOURCE).orElseThrow().hook().kind();
    if (hook == HookKind.TRACEPOINT
        || (hook == HookKind.FENTRY && !Preemption.interruptsPrograms())) {
      assertThat(missed).as("calls that were not seen").isZero();
    }
  }

  private long skipped() throws Exception {
    return session.skippedRuns() + session.skippedThreadEnds();
  }

  /** Takes records until there are as many as the programs say they sent: none more, none less. */
  void drain() throws Exception {
    long begun = System.nanoTime();
    do {
      session.drain(this::take);
    } while (received != total(Counters::sent) && System.nanoTime() - begun < PATIENCE_NANOS);
    assertThat(received).as("records received").isEqualTo(total(Counters::sent));
    assertThat(session.undecodable()).as("undecodable").isZero();
  }

  private void take(MemorySegment memory, long offset, int length) {
    received++;
    if (CallRecord.isOne(memory, offset)) {
      calls.add(CallRecord.read(memory, offset, length));
    } else {
      opens.add(OpenRecord.read(memory, offset, length));
    }
  }

  /** Drains, and returns those opens of all so far that pass. */
  List<OpenRecord> drained(Predicate<OpenRecord> wanted) throws Exception {
    drain();
    return opens.stream().filter(wanted).toList();
  }

  /** Drains, and returns all system calls of the traced thread so far. */
  List<CallRecord> calls(String name) throws Exception {
    drain();
    int tid = onOpener(CurrentProcess::threadId);
    int number = KernelNames.ofThisMachine().syscallNumber(name);
    return calls.stream().filter(call -> call.tid() == tid && call.number() == number).toList();
  }

  /** Begins something on the traced thread, and returns when it waits inside that call. */
  <T> Future<T> blockOpener(String call, Callable<T> task) throws Exception {
    int tid = onOpener(CurrentProcess::threadId);
    Future<T> blocked = opener.submit(task);
    awaitIn(call, List.of(tid), 1);
    return blocked;
  }

  /** Waits until there are so many of these threads, and each is inside that call. */
  void awaitIn(String call, Collection<Integer> tids, int count) throws Exception {
    String number = KernelNames.ofThisMachine().syscallNumber(call) + " ";
    long begun = System.nanoTime();
    while (tids.size() < count || !allIn(number, tids)) {
      assertThat(System.nanoTime() - begun).as("in " + call).isLessThan(PATIENCE_NANOS);
    }
  }

  private static boolean allIn(String number, Collection<Integer> tids) throws IOException {
    for (int tid : tids) {
      if (!Files.readString(Path.of("/proc/self/task/" + tid + "/syscall")).startsWith(number)) {
        return false;
      }
    }
    return true;
  }

  /** Drains, and returns all records of that path so far. */
  List<OpenRecord> opensOf(Object path) throws Exception {
    return drained(record -> record.path().equals(path.toString()));
  }

  @Override
  public void close() {
    opener.shutdownNow();
    session.close();
    epoll.close();
  }
}
