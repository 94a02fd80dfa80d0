package dev.kernelflight.agenttests.apps;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Virtual threads that open files whose paths tell who opens them: {@code /of/KIND/NAME/ID/PLACE},
 * with the thread's name and Java id. No such file exists.
 */
public final class VirtualThreads {
  /** Whether this JVM tells which virtual thread a carrier runs. */
  public static final boolean TOLD_APART = Runtime.version().feature() >= 24;

  private static final int AT_ONCE = 200;

  private VirtualThreads() {}

  /** Arguments: how many short-lived threads to start; classes of the JDK to load before. */
  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i++) {
      Class.forName(args[i], false, null);
    }
    int many = Integer.parseInt(args[0]);
    Thread longLived = longLived();
    LONG_LIVED_GOES_ON.countDown();
    longLived.join();
    shortLived(many);
    blocking(many / 10);
    pinned();
    bound();
    platform();
    System.out.println("done, on " + CARRIERS.size() + " carriers");
  }

  private static final CountDownLatch LONG_LIVED_RUNS = new CountDownLatch(1);
  private static final CountDownLatch LONG_LIVED_GOES_ON = new CountDownLatch(1);
  private static final ConcurrentHashMap<Integer, Boolean> CARRIERS = new ConcurrentHashMap<>();

  /** One that lives until the others are there. */
  private static Thread longLived() throws InterruptedException {
    Thread thread =
        Thread.ofVirtual()
            .name("long-lived")
            .start(() -> {
              LONG_LIVED_RUNS.countDown();
              await(LONG_LIVED_GOES_ON);
              open("long-lived", "late");
            });
    LONG_LIVED_RUNS.await();
    return thread;
  }

  /** Threads that open one file and are gone, long before anybody reads that they did. */
  private static void shortLived(int count) throws InterruptedException {
    Semaphore room = new Semaphore(AT_ONCE);
    for (int i = 0; i < count; i++) {
      room.acquire();
      Thread.ofVirtual()
          .name("short-" + i)
          .start(() -> {
            open("short", "only");
            room.release();
          });
    }
    room.acquire(AT_ONCE);
  }

  /** Threads that leave their carriers in every way, and come back on others. */
  @SuppressWarnings("ThreadPriorityCheck") // a yield is one way to leave
  private static void blocking(int count) throws Exception {
    ReentrantLock lock = new ReentrantLock();
    Object monitor = new Object();
    try (ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress())) {
      Thread accepting = Thread.ofVirtual().name("accepting").start(() -> accept(server, count));
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        threads.add(
            Thread.ofVirtual()
                .name("blocking-" + i)
                .start(() -> {
                  open("blocking", "start");
                  sleep();
                  open("blocking", "sleep");
                  lock.lock();
                  try {
                    open("blocking", "lock");
                    Thread.yield();
                    open("blocking", "yield");
                  } finally {
                    lock.unlock();
                  }
                  synchronized (monitor) {
                    open("blocking", "monitor");
                    sleep();
                    open("blocking", "sleep-in-monitor");
                  }
                  connect(server.getLocalPort());
                  open("blocking", "socket");
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      accepting.join();
    }
  }

  private static void accept(ServerSocket server, int count) {
    try {
      for (int i = 0; i < count; i++) {
        try (Socket socket = server.accept()) {
          open("blocking", "accept");
          Thread.sleep(1);
          socket.getOutputStream().write(1);
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void connect(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      if (socket.getInputStream().read() != 1) {
        throw new IllegalStateException("no answer");
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Threads that cannot leave their carrier while they wait: a native frame is in between. */
  private static void pinned() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          Thread.ofVirtual()
              .name("pinned-" + i)
              .start(() -> {
                open("pinned", "before");
                LibC.throughNative(() -> {
                  open("pinned", "start");
                  sleep();
                  open("pinned", "sleep");
                });
                nanosleep();
                open("pinned", "after");
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /** Slow enough for kernel.Syscall at its default threshold. */
  private static void nanosleep() {
    try (Arena arena = Arena.ofConfined()) {
      var time = arena.allocate(16, 8);
      time.set(java.lang.foreign.ValueLayout.JAVA_LONG, 8, 50_000_000);
      // or SIGUSR2, by which JFR's sampler stops threads, may end it before the time
      var mask = arena.allocate(16, 8);
      mask.set(java.lang.foreign.ValueLayout.JAVA_LONG, 0, 1L << (LibC.SIGUSR2 - 1));
      LibC.must(
          "rt_sigprocmask",
          LibC.call(
              LibC.RT_SIGPROCMASK, LibC.SIG_BLOCK, mask.address(), mask.address() + 8, Long.BYTES));
      long result = LibC.call(LibC.NANOSLEEP, time.address(), 0);
      LibC.must(
          "rt_sigprocmask",
          LibC.call(LibC.RT_SIGPROCMASK, LibC.SIG_SETMASK, mask.address() + 8, 0, Long.BYTES));
      LibC.must("nanosleep", result);
    }
  }

  /** A thread that has a name already when it starts, one without, and one that is renamed. */
  private static void bound() throws InterruptedException {
    Thread.ofVirtual().start(() -> open("unnamed", "only")).join();
    AtomicInteger renamed = new AtomicInteger();
    Thread.ofVirtual()
        .name("first name")
        .start(() -> {
          Thread.currentThread().setName("second name");
          open("renamed", String.valueOf(renamed.incrementAndGet()));
        })
        .join();
  }

  private static void platform() throws InterruptedException {
    Thread.ofPlatform().name("platform").start(() -> open("platform", "only")).join();
  }

  private static void open(String kind, String place) {
    Thread self = Thread.currentThread();
    CARRIERS.put(LibC.gettid(), true);
    String name = self.getName().isEmpty() ? "-" : self.getName();
    String path = "/of/" + kind + "/" + name + "/" + self.threadId() + "/" + place;
    try (FileInputStream in = new FileInputStream(path)) {
      throw new IllegalStateException(path + " exists: " + in.available());
    } catch (FileNotFoundException e) {
      // an open all the same
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(Duration.ofMillis(1));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
