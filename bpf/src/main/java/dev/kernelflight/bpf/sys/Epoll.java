package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Waits until one of some descriptors is readable, a time is over, or {@link #wakeUp()} is called.
 * One thread waits; any thread may add, remove and wake.
 */
public final class Epoll implements AutoCloseable {
  private static final int CLOEXEC = 0x80000;
  private static final int NONBLOCK = 0x800;
  private static final int CTL_ADD = 1;
  private static final int CTL_DEL = 2;
  private static final int IN = 1;
  private static final int MAX_EVENTS = 64;

  /** The largest layout of {@code struct epoll_event}; x86_64 packs it to 12 bytes. */
  private static final int EVENT_BYTES = 16;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment events = arena.allocate((long) MAX_EVENTS * EVENT_BYTES, 8);
  private final MemorySegment number = arena.allocate(8, 8);
  private final MemorySegment one = arena.allocate(8, 8);
  private final Fd epoll;
  private final Fd wakeUp;

  /** Opens an epoll instance with nothing in it. */
  public Epoll() throws KernelException {
    one.set(JAVA_LONG, 0, 1);
    epoll = new Fd(Native.check("epoll_create1", Native.call(Native.EPOLL_CREATE1, CLOEXEC, 0, 0)));
    try {
      wakeUp =
          new Fd(Native.check("eventfd2", Native.call(Native.EVENTFD2, 0, CLOEXEC | NONBLOCK, 0)));
      add(wakeUp);
    } catch (KernelException e) {
      epoll.close();
      throw e;
    }
  }

  /** Also waits for this descriptor, level-triggered. */
  public void add(Fd fd) throws KernelException {
    control(CTL_ADD, fd);
  }

  /** No longer waits for this descriptor, which must still be open. */
  public void remove(Fd fd) throws KernelException {
    control(CTL_DEL, fd);
  }

  private void control(int operation, Fd fd) throws KernelException {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment event = call.allocate(EVENT_BYTES, 8);
      event.set(JAVA_INT, 0, IN);
      Native.check(
          "epoll_ctl",
          Native.call(
              Native.EPOLL_CTL, epoll.number(), operation, fd.number(), event.address(), 0, 0));
    }
  }

  /**
   * Waits.
   *
   * @param timeoutMillis at most so long; -1 for without end
   */
  public void await(int timeoutMillis) throws KernelException {
    long ready =
        Native.call(
            Native.EPOLL_PWAIT,
            epoll.number(),
            events.address(),
            MAX_EVENTS,
            timeoutMillis,
            0,
            8 /* bytes of a kernel sigset, though none is given */);
    if (ready != -Errno.EINTR) {
      Native.check("epoll_pwait", ready);
    }
    Native.call(Native.READ, wakeUp.number(), number.address(), 8);
  }

  /** Ends a wait that is under way, or the next one. */
  public void wakeUp() {
    Native.call(Native.WRITE, wakeUp.number(), one.address(), 8);
  }

  @Override
  public void close() {
    wakeUp.close();
    epoll.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
