package dev.kernelflight.agenttests.apps;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** System calls to be counted: each exactly as often as said. */
final class SystemCalls {
  private static final int AT_ONCE = 20;

  private static volatile long burned = 1;

  private SystemCalls() {}

  private static int number(String name) {
    return switch (name) {
      case "read" -> LibC.READ;
      case "close" -> LibC.CLOSE;
      case "openat" -> LibC.OPENAT;
      case "getppid" -> LibC.GETPPID;
      case "fsync" -> LibC.FSYNC;
      case "socket" -> LibC.SOCKET;
      case "connect" -> LibC.CONNECT;
      case "bind" -> LibC.BIND;
      case "listen" -> LibC.LISTEN;
      case "accept4" -> LibC.ACCEPT4;
      case "tgkill" -> LibC.TGKILL;
      case "futex" -> LibC.FUTEX;
      case "execve" -> LibC.EXECVE;
      case "sendto" -> LibC.SENDTO;
      case "recvfrom" -> LibC.RECVFROM;
      default -> throw new IllegalArgumentException(name);
    };
  }

  /**
   * Makes a call some times; the last result. Arguments are numbers, memory as {@code hex:00ff}, or
   * strings as {@code text:...}.
   */
  static String call(int times, String name, String[] words, int from) {
    try (Arena arena = Arena.ofConfined()) {
      long[] arguments = new long[words.length - from];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = argument(arena, words[from + i]);
      }
      int number = number(name);
      long result = 0;
      for (int i = 0; i < times; i++) {
        result = LibC.call(number, arguments);
      }
      return Long.toString(result);
    }
  }

  private static long argument(Arena arena, String word) {
    if (word.startsWith("text:")) {
      return LibC.string(arena, word.substring(5)).address();
    }
    if (word.startsWith("hex:")) {
      byte[] bytes = HexFormat.of().parseHex(word.substring(4));
      MemorySegment copy = arena.allocate(bytes.length, 8);
      copy.copyFrom(MemorySegment.ofArray(bytes));
      return copy.address();
    }
    return Long.decode(word);
  }

  /** {@code nanosleep}, which the JDK itself does not use. */
  static void sleep(int times, int millis) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8);
      time.set(JAVA_LONG, 8, millis * 1_000_000L);
      for (int i = 0; i < times; i++) {
        LibC.must("nanosleep", LibC.call(LibC.NANOSLEEP, time.address()));
      }
    }
  }

  /** Threads that make one call each and end. */
  static void churn(int threads) throws InterruptedException {
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      running.add(Thread.ofPlatform().name("churn-" + i).start(() -> LibC.call(LibC.GETPPID)));
      if (running.size() == AT_ONCE) {
        for (Thread thread : running) {
          thread.join();
        }
        running.clear();
      }
    }
    for (Thread thread : running) {
      thread.join();
    }
  }

  /** Threads caller-1 to caller-N; the k-th makes k times so many calls. */
  static void inThreads(int threads, int calls) throws InterruptedException {
    List<Thread> running = new ArrayList<>();
    for (int i = 1; i <= threads; i++) {
      int times = i * calls;
      running.add(
          Thread.ofPlatform()
              .name("caller-" + i)
              .start(() -> {
                for (int call = 0; call < times; call++) {
                  LibC.call(LibC.GETPPID);
                }
              }));
    }
    for (Thread thread : running) {
      thread.join();
    }
  }

  /** Runs a shell in place of this JVM. */
  static void becomeShell(String script) {
    try (Arena arena = Arena.ofConfined()) {
      long shell = LibC.string(arena, "/bin/sh").address();
      MemorySegment arguments = LibC.pointers(arena, List.of("sh", "-c", script));
      MemorySegment environment = LibC.pointers(arena, List.of("PATH=/usr/bin:/bin"));
      LibC.must(
          "execve", LibC.call(LibC.EXECVE, shell, arguments.address(), environment.address()));
    }
  }

  /** Threads that compute until the JVM ends: burn-user in Java, burn-kernel in the kernel. */
  static void burn() {
    Thread.ofPlatform()
        .name("burn-user")
        .daemon()
        .start(() -> {
          while (true) {
            burned = burned * 31 + 7;
          }
        });
    Thread.ofPlatform()
        .name("burn-kernel")
        .daemon()
        .start(() -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(1 << 20);
            while (true) {
              LibC.call(LibC.GETRANDOM, bytes.address(), bytes.byteSize(), 0);
            }
          }
        });
  }

  /** A thread that waits in read until the JVM ends. */
  static void blockInRead() throws InterruptedException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pipe = arena.allocate(8, 4);
      LibC.must("pipe2", LibC.call(LibC.PIPE2, pipe.address(), 0));
      int end = pipe.get(JAVA_INT, 0);
      Thread.ofPlatform()
          .name("blocked")
          .daemon()
          .start(() -> {
            try (Arena own = Arena.ofConfined()) {
              LibC.call(LibC.READ, end, own.allocate(1).address(), 1);
            }
          });
    }
  }
}
