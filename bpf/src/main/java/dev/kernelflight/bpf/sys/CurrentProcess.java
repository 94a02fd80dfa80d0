package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** This process as the kernel knows it: its threads' ids, its PID namespace, its memory. */
public final class CurrentProcess {
  private static final int PRIO_PROCESS = 0;
  private static final long PID = Native.call(Native.GETPID, 0, 0, 0);

  private CurrentProcess() {}

  /** The calling thread's id, as this PID namespace numbers it. */
  public static int threadId() {
    return (int) Native.call(Native.GETTID, 0, 0, 0);
  }

  /** The user that this process acts as. */
  public static int effectiveUserId() {
    return (int) Native.call(Native.GETEUID, 0, 0, 0);
  }

  /**
   * Has the calling thread preferred by the scheduler, where the process may (CAP_SYS_NICE).
   *
   * @param nice from -20, the most preferred, to 19
   * @return whether it may
   */
  public static boolean setNice(int nice) {
    return Native.call(Native.SETPRIORITY, PRIO_PROCESS, 0, nice) == 0;
  }

  /**
   * A PID namespace as {@code bpf_get_ns_current_pid_tgid} wants it named.
   *
   * @param device in the kernel's own encoding
   * @param inode of the namespace's file
   */
  public record PidNamespace(long device, long inode) {
    /** {@code PID_NS_INIT_INO} of {@code linux/nsfs.h}. */
    private static final long INITIAL_INODE = 0xEFFFFFFCL;

    /** Whether it is the one that the system booted with, which all others are below. */
    public boolean isInitial() {
      return inode == INITIAL_INODE;
    }

    /** The namespace that this process lives in. */
    public static PidNamespace current() throws IOException {
      return of(Path.of("/proc/self"));
    }

    /**
     * The namespace that another process lives in.
     *
     * @param proc such as {@code /proc/4711}
     */
    public static PidNamespace of(Path proc) throws IOException {
      Path namespace = proc.resolve("ns/pid");
      long device = ((Number) Files.getAttribute(namespace, "unix:dev")).longValue();
      long inode = ((Number) Files.getAttribute(namespace, "unix:ino")).longValue();
      return new PidNamespace(kernelDevice(device), inode);
    }

    /** From the C library's encoding (gnu_dev_makedev) to the kernel's (MKDEV). */
    static long kernelDevice(long device) {
      long major = (device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL);
      long minor = (device & 0xff) | (device >>> 12 & ~0xffL);
      return major << 20 | (minor & 0xfffff);
    }
  }

  /**
   * The address of an exported symbol of a library that this process has loaded, or empty.
   *
   * @param libraryFile the file's name, such as {@code libjvm.so}
   */
  public static OptionalLong symbol(String libraryFile, String symbol) throws IOException {
    String path = null;
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      if (line.endsWith("/" + libraryFile)) {
        path = line.substring(line.indexOf('/'));
        break;
      }
    }
    if (path == null) {
      return OptionalLong.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      // it stays loaded: this process holds it open anyway
      return SymbolLookup.libraryLookup(path, arena)
          .find(symbol)
          .map(found -> OptionalLong.of(found.address()))
          .orElse(OptionalLong.empty());
    } catch (IllegalArgumentException e) {
      throw new IOException("cannot look up symbols of " + path, e);
    }
  }

  /** Reads memory that is certain to be mapped: anything else ends the process. */
  public static long readLong(long address) {
    return MemorySegment.ofAddress(address).reinterpret(Long.BYTES).get(JAVA_LONG, 0);
  }

  /** Reads memory that is certain to be mapped: anything else ends the process. */
  public static int readInt(long address) {
    return MemorySegment.ofAddress(address).reinterpret(Integer.BYTES).get(JAVA_INT, 0);
  }

  /**
   * Copies memory of this process that may be unmapped at any moment: unlike a plain read it cannot
   * crash. One window serves one thread at a time.
   */
  public static final class MemoryWindow implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;
    private final MemorySegment vectors = arena.allocate(32, 8);

    /** A window of so many bytes. */
    public MemoryWindow(int size) {
      bytes = arena.allocate(size, 8);
    }

    /** Copies from an address into the window's start; false if not all of it is mapped. */
    public boolean copyFrom(long address, int length) {
      vectors.set(JAVA_LONG, 0, bytes.address());
      vectors.set(JAVA_LONG, 8, length);
      vectors.set(JAVA_LONG, 16, address);
      vectors.set(JAVA_LONG, 24, length);
      long copied =
          Native.call(
              Native.PROCESS_VM_READV, PID, vectors.address(), 1, vectors.address() + 16, 1, 0);
      return copied == length;
    }

    /** What was copied. */
    public MemorySegment bytes() {
      return bytes;
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
