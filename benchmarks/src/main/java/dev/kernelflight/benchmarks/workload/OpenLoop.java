package dev.kernelflight.benchmarks.workload;

import java.io.FileInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;

/**
 * Opens and closes one file in a tight loop, in rounds with and without a recording, and prints one
 * line a round:
 *
 * <pre>
 *   round traced|untraced NUMBER WALL-NANOS THREAD-CPU-NANOS DRAIN-CPU-NANOS DRAIN-BYTES
 * </pre>
 *
 * The first traced round comes before anything is compiled. Its recording, like each of the others,
 * lies in the given directory afterwards as {@code NUMBER.jfr}.
 */
public final class OpenLoop {
  private static final String DRAINING_THREAD = "Kernel Flight Recorder";
  private static final long DRAINED_MILLIS = 300;
  private static final long DETACHED_MILLIS = 30_000;

  private final String kind;
  private final int threads;
  private final int opens;
  private final Path directory;
  private final String file;
  private final com.sun.management.ThreadMXBean management =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  private OpenLoop(String kind, int threads, int opens, Path directory) {
    this.kind = kind;
    this.threads = threads;
    this.opens = opens;
    this.directory = directory;
    file = fileIn(directory).toString();
  }

  /** The file that is opened, which must exist. */
  public static Path fileIn(Path directory) {
    return directory.resolve("opened-again-and-again.txt");
  }

  /**
   * Runs.
   *
   * @param args {@code raw|stream THREADS OPENS ROUNDS interleaved|traced|untraced DIRECTORY}; a
   *     traced round 0 comes first unless no round is traced
   */
  public static void main(String[] args) throws Exception {
    OpenLoop loop =
        new OpenLoop(
            args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]), Path.of(args[5]));
    int rounds = Integer.parseInt(args[3]);
    boolean traced = !args[4].equals("untraced");
    boolean untraced = !args[4].equals("traced");
    if (traced) {
      loop.traced(0);
    } else {
      loop.untraced(0);
    }
    for (int round = 1; round <= rounds; round++) {
      // in turns, so that whatever gets slower or faster with time does so for both
      boolean tracedFirst = round % 2 == 0;
      if (traced && tracedFirst) {
        loop.traced(round);
      }
      if (untraced) {
        loop.untraced(round);
      }
      if (traced && !tracedFirst) {
        loop.traced(round);
      }
    }
  }

  private record Times(long wallNanos, long cpuNanos) {}

  private void untraced(int round) throws Exception {
    long deadline = System.nanoTime() + DETACHED_MILLIS * 1_000_000;
    while (loadedPrograms() > 0) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("the agent does not detach");
      }
      Thread.sleep(20);
    }
    Times times = loop();
    print("untraced", round, times, 0, 0);
  }

  private void traced(int round) throws Exception {
    try (Recording recording = newRecording()) {
      recording.setDestination(directory.resolve(round + ".jfr"));
      recording.start();
      long drain = drainingThread();
      long cpu = management.getThreadCpuTime(drain);
      long bytes = management.getThreadAllocatedBytes(drain);
      Times times = loop();
      Thread.sleep(DRAINED_MILLIS);
      print(
          "traced",
          round,
          times,
          management.getThreadCpuTime(drain) - cpu,
          management.getThreadAllocatedBytes(drain) - bytes);
      recording.stop();
    }
  }

  private static Recording newRecording() throws IOException, ParseException {
    Recording recording = new Recording(Configuration.getConfiguration("default"));
    recording.setToDisk(true);
    // file opens alone: the cost of the others is that of the scenario "syscalls"
    recording.disable("kernel.Syscall");
    recording.disable("kernel.SyscallStatistics");
    return recording;
  }

  /** The programs that this process holds; nothing else keeps them loaded. */
  static int loadedPrograms() throws IOException {
    int programs = 0;
    try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path fd : fds) {
        if (isProgram(fd)) {
          programs++;
        }
      }
    }
    return programs;
  }

  private static boolean isProgram(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString().equals("anon_inode:bpf-prog");
    } catch (IOException e) {
      return false; // closed since it was listed
    }
  }

  private static long drainingThread() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(DRAINING_THREAD))
        .findAny()
        .orElseThrow(() -> new IllegalStateException("no thread \"" + DRAINING_THREAD + '"'))
        .threadId();
  }

  private static void print(
      String how, int round, Times times, long drainCpuNanos, long drainBytes) {
    System.out.println(
        String.join(
            " ",
            "round",
            how,
            Integer.toString(round),
            Long.toString(times.wallNanos),
            Long.toString(times.cpuNanos),
            Long.toString(drainCpuNanos),
            Long.toString(drainBytes)));
  }

  /** One round: from the moment that all threads are ready until the last one is done. */
  private Times loop() throws InterruptedException, ExecutionException {
    CountDownLatch ready = new CountDownLatch(threads);
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<Long>> cpuNanos = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Callable<Long> task =
            () -> {
              ready.countDown();
              go.await();
              long before = management.getCurrentThreadCpuTime();
              openAndClose(opens / threads);
              return management.getCurrentThreadCpuTime() - before;
            };
        cpuNanos.add(pool.submit(task));
      }
      ready.await();
      long begun = System.nanoTime();
      go.countDown();
      long cpu = 0;
      for (Future<Long> nanos : cpuNanos) {
        cpu += nanos.get();
      }
      return new Times(System.nanoTime() - begun, cpu);
    }
  }

  private void openAndClose(int times) throws IOException {
    switch (kind) {
      case "raw" -> RawOpen.openAndClose(file, times);
      case "stream" -> {
        for (int i = 0; i < times; i++) {
          new FileInputStream(file).close();
        }
      }
      default -> throw new IllegalArgumentException(kind);
    }
  }
}
