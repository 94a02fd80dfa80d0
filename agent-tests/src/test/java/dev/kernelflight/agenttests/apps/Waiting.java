package dev.kernelflight.agenttests.apps;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Threads that wait inside a system call until they are released. */
final class Waiting {
  private static final int SIGUSR2 = 12;
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;
  private static final long AN_HOUR_SECONDS = 3600;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment pipe = arena.allocate(8, 4);
  private final MemorySegment word = arena.allocate(4, 4);
  private final List<Thread> threads = new ArrayList<>();

  /** How each thread's call begins in its file syscall. */
  private final Map<String, String> calls = new HashMap<>();

  /** A thread "reader" that reads one byte; its kernel id. */
  String inRead() throws Exception {
    LibC.must("pipe2", LibC.call(LibC.PIPE2, pipe.address(), 0));
    long buffer = arena.allocate(1).address();
    return begin("reader", LibC.READ, pipe.get(JAVA_INT, 0), buffer, 1);
  }

  /** A thread "waiter" that waits with a timeout; its kernel id. */
  String inFutex() throws Exception {
    MemorySegment timeout = arena.allocate(16, 8);
    timeout.set(JAVA_LONG, 0, AN_HOUR_SECONDS);
    return begin("waiter", LibC.FUTEX, word.address(), FUTEX_WAIT, 0, timeout.address());
  }

  private String begin(String name, int call, long... arguments) throws Exception {
    CompletableFuture<Integer> tid = new CompletableFuture<>();
    threads.add(
        Thread.ofPlatform()
            .name(name)
            .daemon()
            .start(() -> {
              LibC.call(LibC.GETPPID); // whatever linking does is over by then
              tid.complete(LibC.gettid());
              LibC.call(call, arguments);
            }));
    calls.put(tid.get().toString(), call + " 0x" + Long.toHexString(arguments[0]) + " ");
    awaitCall(tid.get().toString());
    return tid.get().toString();
  }

  private void awaitCall(String tid) throws IOException {
    Path syscall = Path.of("/proc/self/task/" + tid + "/syscall");
    while (!Files.readString(syscall).startsWith(calls.getOrDefault(tid, "?"))) {
      Thread.onSpinWait();
    }
  }

  /** Has a waiting thread run a signal handler: the JVM's own, which does nothing uninvited. */
  void interrupt(String tid) throws IOException {
    LibC.must(
        "tgkill",
        LibC.call(LibC.TGKILL, ProcessHandle.current().pid(), Long.parseLong(tid), SIGUSR2));
    Path task = Path.of("/proc/self/task/" + tid);
    while (!Files.readString(task.resolve("status")).contains("SigPnd:\t0000000000000000\n")) {
      Thread.onSpinWait();
    }
    awaitCall(tid);
  }

  /** Lets all of them go on, and waits for their end. */
  void release() throws InterruptedException {
    word.set(JAVA_INT, 0, 1);
    LibC.must("futex", LibC.call(LibC.FUTEX, word.address(), FUTEX_WAKE, 1));
    if (pipe.get(JAVA_INT, 4) != 0) {
      LibC.must("write", LibC.call(LibC.WRITE, pipe.get(JAVA_INT, 4), word.address(), 1));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    threads.clear();
  }
}
