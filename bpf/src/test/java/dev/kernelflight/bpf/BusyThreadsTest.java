package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment.RawTracepoint;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.HookOrder;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * More threads than CPUs, each of which makes calls without pause, so that the kernel preempts them
 * wherever it may: every call is counted, or told as skipped, while the statistics are read all the
 * time.
 */
@KernelTest
@Tag("hooks")
class BusyThreadsTest {
  private static final int THREADS = 8;
  private static final int CALLS = 25_000;
  private static final int GETPPID = KernelNames.ofThisMachine().syscallNumber("getppid");
  private static final HookOrder ALL = HookOrder.of(Architecture.current(), true);

  private static final Demand STATISTICS =
      Demand.of(SyscallStatistics.SOURCE, new SyscallStatistics.Wanted(true));

  private static TracedProcess open(HookOrder hooks) throws Exception {
    TracedProcess traced = new TracedProcess(new Options(Optional.empty(), Buffer.PERF, 16), hooks);
    try {
      traced.session.follow(Demand.NOTHING);
      traced.session.follow(STATISTICS);
    } catch (NoHookException e) {
      traced.close();
      throw e;
    }
    return traced;
  }

  /** Has the calls made; how many of them were counted. */
  private static long counted(TracedProcess traced) throws Exception {
    Set<Integer> tids = ConcurrentHashMap.newKeySet();
    CountDownLatch ready = new CountDownLatch(THREADS);
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(THREADS);
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                tids.add(CurrentProcess.threadId());
                ready.countDown();
                await(go);
                for (int j = 0; j < CALLS; j++) {
                  RawSyscalls.call("getppid");
                }
                done.countDown();
                await(end);
              }));
    }
    ready.await();
    go.countDown();
    while (done.getCount() > 0) {
      sum(traced, tids);
      assertThat(traced.session.counters()).isNotEmpty();
    }
    long counted = sum(traced, tids);
    end.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    return counted;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long sum(TracedProcess traced, Set<Integer> tids) throws Exception {
    long[] count = new long[1];
    traced.session.readStatistics(sum -> {
      if (sum.number == GETPPID && tids.contains(sum.tid)) {
        count[0] += sum.count;
      }
      return true;
    });
    return count[0];
  }

  @Test
  void noCallIsMissing() throws Exception {
    try (TracedProcess traced = open(HookOrder.ofThisKernel())) {
      assertThat(counted(traced))
          .as(traced.session.probe(SyscallStatistics.SOURCE).orElseThrow().toString())
          .isEqualTo((long) THREADS * CALLS);
    }
  }

  static Stream<Hook> waysToTheTracepoints() {
    return ALL.syscalls().stream();
  }

  @ParameterizedTest
  @MethodSource("waysToTheTracepoints")
  void whatIsMissingIsTold(Hook way) throws Exception {
    try (TracedProcess traced =
        open(HookOrder.ofThisKernel().withTracepoints(List.of(way), ALL.threadEnds()))) {
      long missing = (long) THREADS * CALLS - counted(traced);
      System.out.printf(
          "KERNELFLIGHT %s: %d of %d calls missing, %d told%n",
          way, missing, THREADS * CALLS, traced.session.skippedRuns());
      assertThat(missing).isBetween(0L, traced.session.skippedRuns());
      if (!(way.attachments().get(0) instanceof RawTracepoint)) {
        assertThat(missing).isZero();
      }
    } catch (NoHookException e) {
      // this machine's kernel may have no function session, or other functions
      assumeThat(e).isNull();
    }
  }
}
