package dev.kernelflight.bpf;

import static dev.kernelflight.bpf.sys.RawSyscalls.WORKING_DIRECTORY;
import static dev.kernelflight.bpf.sys.RawSyscalls.openAndClose;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.PathFilter;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.RawSyscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the session sees of this process, by every hook that this kernel has and both transports.
 */
@KernelTest
class SessionTest {
  private static final int ENOENT = 2;
  private static final int EFAULT = 14;
  private static final int EISDIR = 21;
  private static final int FILE_OPEN = 1;
  private static final int PATH_MAX = 4096;
  private static final int PAGES = 256;
  private static final int FEW_PAGES = 16;
  private static final KernelNames NAMES = KernelNames.ofThisMachine();

  @TempDir Path directory;

  static List<Options> setups() throws Exception {
    List<Options> setups = new ArrayList<>();
    for (HookKind kind : EnumSet.complementOf(EnumSet.of(HookKind.PERF_EVENT))) {
      Options perf = new Options(Optional.of(kind), Buffer.PERF, PAGES);
      try (Epoll epoll = new Epoll();
          Session session = LocalSession.open(perf, CurrentProcess.threadId(), epoll)) {
        session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
        assertThat(session.probe(FileOpens.SOURCE).orElseThrow().hook().kind()).isEqualTo(kind);
        setups.add(perf);
        setups.add(new Options(Optional.of(kind), Buffer.RING, PAGES));
      } catch (NoHookException e) {
        // AttachTest looks at the reasons
      }
    }
    return setups;
  }

  private static Options small(Options options) {
    return new Options(options.attach(), options.buffer(), FEW_PAGES);
  }

  /** The bit of a flag that consists of one. */
  private static int flag(String name) {
    for (int bit = 1; bit > 0; bit <<= 1) {
      if (NAMES.openFlags(bit).equals("O_RDONLY|" + name)) {
        return bit;
      }
    }
    throw new IllegalArgumentException(name);
  }

  private static int creating() {
    return 1 | flag("O_CREAT") | flag("O_EXCL") | flag("O_CLOEXEC");
  }

  private static String flags(OpenRecord record) {
    return NAMES.openFlags(record.flags());
  }

  /** The one record of a path, with what is the same for all of them checked. */
  private static OpenRecord only(TracedProcess traced, Object path, int result) throws Exception {
    List<OpenRecord> opens = traced.opensOf(path);
    assertThat(opens).hasSize(1);
    OpenRecord open = opens.get(0);
    assertThat(open.type()).isEqualTo(FILE_OPEN);
    assertThat(open.tid()).isEqualTo(traced.onOpener(CurrentProcess::threadId));
    assertThat(open.comm()).isEqualTo(TracedProcess.THREAD_NAME);
    assertThat(open.result()).isEqualTo(result);
    assertThat(open.pathLength()).isEqualTo(path.toString().length());
    assertThat(open.start()).isPositive().isLessThanOrEqualTo(open.end());
    return open;
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void anExistingFile(Options options) throws Exception {
    Path file = Files.createFile(directory.resolve("existing"));
    try (TracedProcess traced = new TracedProcess(options)) {
      int fd =
          traced.onOpener(
              () -> openAndClose("openat", WORKING_DIRECTORY, file + "", flag("O_CLOEXEC"), 0777));
      assertThat(fd).isNotNegative();
      OpenRecord open = only(traced, file, fd);
      assertThat(flags(open)).isEqualTo("O_RDONLY|O_CLOEXEC");
      assertThat(open.directory()).isEqualTo(WORKING_DIRECTORY);
      assertThat(open.mode()).as("mode of a call that creates nothing").isZero();
    }
  }

  /** What is in memory when the call is made, as the opener's own thread sees it. */
  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void theJavaThreadOfACarrier(Options options) throws Exception {
    try (TracedProcess traced = new TracedProcess(options);
        Arena arena = Arena.ofShared()) {
      MemorySegment current = arena.allocate(JAVA_LONG);
      int tid = traced.onOpener(CurrentProcess::threadId);
      int other = tid + Carriers.SLOTS;
      long unmapped = 8;
      assertThat(javaThread(traced, "before", () -> {})).isZero();
      traced.session.carriers().add(tid, current.address());
      assertThat(javaThread(traced, "first", () -> current.set(JAVA_LONG, 0, 1L << 40)))
          .isEqualTo(1L << 40);
      assertThat(javaThread(traced, "second", () -> current.set(JAVA_LONG, 0, 7))).isEqualTo(7);
      traced.session.carriers().add(tid, unmapped);
      assertThat(javaThread(traced, "unmapped", () -> {})).as("unreadable").isEqualTo(-1);
      traced.session.carriers().remove(tid);
      traced.session.carriers().add(other, current.address());
      assertThat(javaThread(traced, "another's", () -> {})).isZero();
    }
  }

  private long javaThread(TracedProcess traced, String name, Runnable before) throws Exception {
    Path file = directory.resolve(name);
    traced.onOpener(() -> {
      before.run();
      return openAndClose("openat", WORKING_DIRECTORY, file + "", 0, 0);
    });
    return only(traced, file, -ENOENT).javaThread();
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void aMissingFile(Options options) throws Exception {
    Path file = directory.resolve("missing");
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, file + "", 2, 0));
      assertThat(flags(only(traced, file, -ENOENT))).isEqualTo("O_RDWR");
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void aDirectoryToReadAndToWrite(Options options) throws Exception {
    Path first = Files.createDirectory(directory.resolve("first"));
    Path second = Files.createDirectory(directory.resolve("second"));
    try (TracedProcess traced = new TracedProcess(options)) {
      int fd =
          traced.onOpener(
              () -> openAndClose("openat", WORKING_DIRECTORY, first + "", flag("O_DIRECTORY"), 0));
      assertThat(fd).isNotNegative();
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, second + "", 1, 0));
      assertThat(flags(only(traced, first, fd))).isEqualTo("O_RDONLY|O_DIRECTORY");
      assertThat(flags(only(traced, second, -EISDIR))).isEqualTo("O_WRONLY");
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void aPathRelativeToADirectory(Options options) throws Exception {
    Files.createFile(directory.resolve("relative"));
    try (TracedProcess traced = new TracedProcess(options)) {
      int base =
          traced.onOpener(
              () -> (int) RawSyscalls.call("openat", WORKING_DIRECTORY, directory + "", 0, 0));
      try {
        int fd = traced.onOpener(() -> openAndClose("openat", base, "relative", 0, 0));
        assertThat(fd).isGreaterThan(base);
        assertThat(only(traced, "relative", fd).directory()).isEqualTo(base);
      } finally {
        RawSyscalls.call("close", base);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void aFileThatIsCreated(Options options) throws Exception {
    Path file = directory.resolve("created");
    try (TracedProcess traced = new TracedProcess(options)) {
      int fd =
          traced.onOpener(
              () -> openAndClose("openat", WORKING_DIRECTORY, file + "", creating(), 0640));
      assertThat(Files.exists(file)).isTrue();
      OpenRecord open = only(traced, file, fd);
      assertThat(flags(open)).isEqualTo("O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC");
      assertThat(open.mode()).isEqualTo(0640);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void openat2(Options options) throws Exception {
    Path file = directory.resolve("created");
    byte[] how =
        ByteBuffer.allocate(24)
            .order(ByteOrder.nativeOrder())
            .putLong(creating())
            .putLong(0600)
            .array();
    try (TracedProcess traced = new TracedProcess(options)) {
      int fd =
          traced.onOpener(
              () -> openAndClose("openat2", WORKING_DIRECTORY, file + "", how, how.length));
      assertThat(fd).isNotNegative();
      OpenRecord open = only(traced, file, fd);
      assertThat(flags(open)).isEqualTo("O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC");
      assertThat(open.mode()).isEqualTo(0600);
      assertThat(open.directory()).isEqualTo(WORKING_DIRECTORY);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void theOldCallsWhereTheArchitectureHasThem(Options options) throws Exception {
    assumeThat(NAMES.hasSyscall("creat")).as("open and creat are system calls here").isTrue();
    Path missing = directory.resolve("missing");
    Path created = directory.resolve("created");
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.onOpener(() -> openAndClose("open", missing + "", flag("O_NONBLOCK"), 0));
      int fd = traced.onOpener(() -> openAndClose("creat", created + "", 0604));
      assertThat(flags(only(traced, missing, -ENOENT))).isEqualTo("O_RDONLY|O_NONBLOCK");
      OpenRecord open = only(traced, created, fd);
      assertThat(flags(open)).isEqualTo("O_WRONLY|O_CREAT|O_TRUNC");
      assertThat(open.mode()).isEqualTo(0604);
      assertThat(open.directory()).isEqualTo(WORKING_DIRECTORY);
    }
  }

  /** The kernel ignores most flags beside O_PATH; every hook tells what it went by. */
  @ParameterizedTest
  @MethodSource("setups")
  void flagsBesidePath(Options options) throws Exception {
    Path file = Files.createFile(directory.resolve("existing"));
    int given = flag("O_PATH") | flag("O_CLOEXEC") | flag("O_TRUNC") | flag("O_APPEND");
    try (TracedProcess traced = new TracedProcess(options)) {
      int fd =
          traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, file + "", given, 0));
      assertThat(flags(only(traced, file, fd))).isEqualTo("O_RDONLY|O_CLOEXEC|O_PATH");
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void theLongestPath(Options options) throws Exception {
    String path = "/" + ("x".repeat(200) + "/").repeat(20);
    path += "y".repeat(PATH_MAX - 1 - path.length());
    String longest = path;
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, longest, 0, 0));
      assertThat(only(traced, longest, -ENOENT).path()).hasSize(PATH_MAX - 1);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void anAddressThatHoldsNoPath(Options options) throws Exception {
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, 8, 0, 0));
      assertThat(traced.drained(record -> record.pathLength() < 0))
          .singleElement()
          .satisfies(open -> {
            assertThat(open.pathLength()).isEqualTo(-EFAULT);
            assertThat(open.result()).isEqualTo(-EFAULT);
          });
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void theTimeOfTheCall(Options options) throws Exception {
    assumeThat(
            Files.exists(Path.of("/proc/self/timens_offsets"))
                && Files.readString(Path.of("/proc/self/timens_offsets")).matches("(?s).*[1-9].*"))
        .as("this process has a clock of its own")
        .isFalse();
    Path file = directory.resolve("missing");
    try (TracedProcess traced = new TracedProcess(options)) {
      long[] bracket = new long[2];
      traced.onOpener(() -> {
        bracket[0] = System.nanoTime();
        openAndClose("openat", WORKING_DIRECTORY, file + "", 0, 0);
        bracket[1] = System.nanoTime();
        return null;
      });
      OpenRecord open = only(traced, file, -ENOENT);
      assertThat(open.start()).isBetween(bracket[0], bracket[1]);
      assertThat(open.end()).isBetween(open.start(), bracket[1]);
    }
  }

  /**
   * Each open is seen, or told to be missing: perf's return probes have few instances, and none is
   * left for a call that comes while so many others sleep.
   */
  @ParameterizedTest
  @MethodSource("setups")
  void manyThreads(Options options) throws Exception {
    try (TracedProcess traced = new TracedProcess(options)) {
      Map<String, Integer> threadOfPath = new HashMap<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        Path own = directory.resolve("thread-" + i);
        Thread thread =
            new Thread(() -> {
              int tid = CurrentProcess.threadId();
              for (int n = 0; n < 100; n++) {
                String path = own + "-" + n;
                openAndClose("openat", WORKING_DIRECTORY, path, 0, 0);
                synchronized (threadOfPath) {
                  threadOfPath.put(path, tid);
                }
              }
            });
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      Map<String, Integer> seen = new HashMap<>();
      for (OpenRecord open :
          traced.drained(record -> record.path().startsWith(directory + "/thread-"))) {
        assertThat(seen.put(open.path(), open.tid())).as(open.path()).isNull();
      }
      assertThat(threadOfPath).hasSize(1600).containsAllEntriesOf(seen);
      assertThat(traced.total(Counters::untracked)).isZero();
      traced.awaitToldMissing(threadOfPath.size() - seen.size());
      assertThat(seen.size()).isGreaterThan(threadOfPath.size() / 2);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void notTheOpensOfOtherProcesses(Options options) throws Exception {
    Path others = Files.createFile(directory.resolve("others"));
    Path own = Files.createFile(directory.resolve("own"));
    try (TracedProcess traced = new TracedProcess(options)) {
      Process cat = new ProcessBuilder("cat", others.toString()).start();
      assertThat(cat.waitFor(5, TimeUnit.MINUTES)).isTrue();
      assertThat(cat.exitValue()).as("cat could open the file").isZero();
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, own + "", 0, 0));
      assertThat(traced.opensOf(own)).hasSize(1);
      assertThat(traced.opensOf(others)).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void notTheOpensOfTheAgentsThread(Options options) throws Exception {
    Path file = directory.resolve("both");
    try (TracedProcess traced = new TracedProcess(options)) {
      openAndClose("openat", WORKING_DIRECTORY, file + "", 0, 0);
      traced.onOpener(() -> openAndClose("openat", WORKING_DIRECTORY, file + "", 0, 0));
      assertThat(only(traced, file, -ENOENT).tid()).isNotEqualTo(CurrentProcess.threadId());
    }
  }

  private static Demand opens(long threshold, boolean failedOnly, List<String> prefixes) {
    PathFilter paths = PathFilter.of(prefixes);
    return Demand.of(FileOpens.SOURCE, new FileOpens.Wanted(threshold, failedOnly, paths));
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void onlyFailedOpens(Options options) throws Exception {
    Path missing = directory.resolve("missing");
    Path there = Files.createFile(directory.resolve("there"));
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.session.follow(opens(0, true, List.of()));
      traced.onOpener(() -> openOften(missing, 3));
      traced.onOpener(() -> openOften(there, 3));
      assertThat(traced.opensOf(missing)).hasSize(3);
      assertThat(traced.opensOf(there)).isEmpty();
      assertThat(traced.total(Counters::filtered)).isGreaterThanOrEqualTo(3);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void onlyPathsOfThePrefixes(Options options) throws Exception {
    Path one = directory.resolve("one-of-two");
    Path two = directory.resolve("two-of-two");
    Path other = directory.resolve("other");
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.session.follow(
          opens(0, false, List.of(directory.resolve("one") + "", directory.resolve("two-") + "")));
      traced.onOpener(() -> openOften(one, 2));
      traced.onOpener(() -> openOften(two, 3));
      traced.onOpener(() -> openOften(other, 4));
      assertThat(traced.opensOf(one)).hasSize(2);
      assertThat(traced.opensOf(two)).hasSize(3);
      assertThat(traced.opensOf(other)).isEmpty();

      traced.session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      traced.onOpener(() -> openOften(other, 4));
      assertThat(traced.opensOf(other)).hasSize(4);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void opensBelowTheThresholdAreOnlyCounted(Options options) throws Exception {
    Path file = directory.resolve("missing");
    int made = 500;
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.session.follow(opens(TimeUnit.HOURS.toNanos(1), false, List.of()));
      exactly(
          made,
          () -> {
            long before = traced.total(Counters::filtered);
            traced.onOpener(() -> openOften(file, made));
            return traced.total(Counters::filtered) - before;
          });
      assertThat(traced.opensOf(file)).isEmpty();

      traced.session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      traced.onOpener(() -> openOften(file, 3));
      assertThat(traced.opensOf(file)).hasSize(3);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Tag("hooks")
  void countsExactly(Options options) throws Exception {
    Path file = directory.resolve("missing");
    int made = 500;
    try (TracedProcess traced = new TracedProcess(options)) {
      exactly(
          made,
          () -> {
            traced.drain();
            long before = traced.total(Counters::sent);
            traced.onOpener(() -> openOften(file, made));
            traced.drain();
            return traced.total(Counters::sent) - before;
          });
      assertThat(traced.opensOf(file).size())
          .isPositive()
          .satisfies(n -> assertThat(n % made).isZero());
      assertThat(traced.total(Counters::lost)).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void whatABufferCannotHoldIsLostAndCounted(Options options) throws Exception {
    Path file = directory.resolve("missing");
    int made = 4000;
    try (TracedProcess traced = new TracedProcess(small(options))) {
      exactly(
          made,
          () -> {
            traced.drain();
            long before = traced.total(c -> c.sent() + c.lost());
            traced.onOpener(() -> openOften(file, made));
            traced.drain();
            return traced.total(c -> c.sent() + c.lost()) - before;
          });
      assertThat(traced.total(Counters::lost)).isPositive();
      assertThat(traced.total(Counters::sent)).isPositive();

      // and it goes on once there is room again
      Path later = directory.resolve("later");
      traced.onOpener(() -> openOften(later, 10));
      assertThat(traced.opensOf(later)).hasSize(10);
    }
  }

  /** Through buffers of 64 kB, many times over: records of every length wrap at every place. */
  @ParameterizedTest
  @MethodSource("setups")
  void recordsThatWrap(Options options) throws Exception {
    List<String> made = new ArrayList<>();
    List<OpenRecord> seen;
    try (TracedProcess traced = new TracedProcess(small(options))) {
      for (int round = 0; round < 100; round++) {
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
          int length = 1 + (round * 30 + i) * 7 % 1200;
          paths.add(
              directory
                  + "/wrap-"
                  + round
                  + "-"
                  + i
                  + ("/" + "p".repeat(99)).repeat(12).substring(0, length));
        }
        traced.onOpener(() -> {
          for (String path : paths) {
            openAndClose("openat", WORKING_DIRECTORY, path, 0, 0);
          }
          return null;
        });
        traced.drain();
        made.addAll(paths);
      }
      seen = traced.drained(record -> record.path().startsWith(directory + "/wrap-"));
      assertThat(traced.total(Counters::lost)).isZero();
    }
    assertThat(seen).extracting(OpenRecord::path).containsExactlyInAnyOrderElementsOf(made);
    assertThat(seen).allMatch(open -> open.result() == -ENOENT);
    assertThat(seen.stream().mapToLong(OpenRecord::bytes).sum())
        .as("bytes that went through")
        .isGreaterThan(4 * 4096 * FEW_PAGES);
  }

  private static Void openOften(Path path, int times) {
    for (int i = 0; i < times; i++) {
      openAndClose("openat", WORKING_DIRECTORY, path + "", 0, 0);
    }
    return null;
  }

  private interface Measurement {
    long take() throws Exception;
  }

  /**
   * Now and then a thread of the JVM itself opens a file meanwhile, which counts too: never may
   * there be less than was made, and in a quiet moment there must be exactly as much.
   */
  private static void exactly(long made, Measurement measurement) throws Exception {
    List<Long> counted = new ArrayList<>();
    do {
      counted.add(measurement.take());
      assertThat(counted).allMatch(count -> count >= made);
    } while (counted.get(counted.size() - 1) != made && counted.size() < 30);
    assertThat(counted).contains(made);
  }
}
