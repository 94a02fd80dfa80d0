package dev.kernelflight.bpf.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory that the kernel shares with this process: mmap(2) of a descriptor. Any thread may read it;
 * after {@link #close()} every access throws instead of crashing.
 */
public final class Mapping implements AutoCloseable {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final long AT_PAGESZ = 6;
  private static final int PAGE_BYTES = readPageBytes();

  private final Arena arena;
  private final MemorySegment memory;

  private Mapping(Arena arena, MemorySegment memory) {
    this.arena = arena;
    this.memory = memory;
  }

  /**
   * Maps a part of a descriptor.
   *
   * @param what what is mapped, for the message of a failure
   * @param bytes a multiple of the page size
   * @param offset likewise
   */
  @SuppressWarnings("MustBeClosedChecker") // the mapping closes it
  public static Mapping of(String what, Fd fd, long offset, long bytes, boolean writable)
      throws KernelException {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    long address =
        Native.check(
            "mmap(" + bytes + " bytes of " + what + ")",
            Native.call(Native.MMAP, 0, bytes, protection, MAP_SHARED, fd.number(), offset));
    Arena arena = Arena.ofShared();
    MemorySegment memory =
        MemorySegment.ofAddress(address)
            .reinterpret(bytes, arena, ignored -> Native.call(Native.MUNMAP, address, bytes, 0));
    return new Mapping(arena, writable ? memory : memory.asReadOnly());
  }

  /** The size of the kernel's memory pages in bytes: 4,096, or more on some aarch64 kernels. */
  public static int pageBytes() {
    return PAGE_BYTES;
  }

  /** So many bytes rounded up to whole pages. */
  public static long wholePages(long bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  }

  /** The auxiliary vector that the kernel gave this process: pairs of longs. */
  private static int readPageBytes() {
    try {
      ByteBuffer pairs =
          ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/thread-self/auxv")))
              .order(ByteOrder.nativeOrder());
      while (pairs.remaining() >= 2 * Long.BYTES) {
        long key = pairs.getLong();
        long value = pairs.getLong();
        if (key == AT_PAGESZ) {
          return Math.toIntExact(value);
        }
      }
    } catch (IOException e) {
      // no /proc: what follows will say so
    }
    return 4096;
  }

  /** The mapped bytes. */
  public MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
