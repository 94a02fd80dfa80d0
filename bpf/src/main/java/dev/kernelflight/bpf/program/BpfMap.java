package dev.kernelflight.bpf.program;

import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A map in the kernel. */
public final class BpfMap {
  private final MapSpec spec;
  private final Fd fd;

  BpfMap(MapSpec spec, Fd fd) {
    this.spec = spec;
    this.fd = fd;
  }

  /** What it was created as. */
  public MapSpec spec() {
    return spec;
  }

  /** The kernel's handle. */
  public Fd fd() {
    return fd;
  }

  /** Sets the 32-bit value of a 32-bit key. */
  public void put(int key, int value) throws KernelException {
    Bpf.updateElement(spec.name(), fd, bytes(key), bytes(value));
  }

  /**
   * Reads the value of a 32-bit key.
   *
   * @param into native memory of the value's size; for a per-CPU map, of the value's size rounded
   *     up to 8 bytes times the possible CPUs
   */
  public void read(int key, MemorySegment into) throws KernelException {
    Bpf.lookupElement(spec.name(), fd, bytes(key), into);
  }

  /** Sets the value of a 32-bit key, in the host's byte order. */
  public void put(int key, byte[] value) throws KernelException {
    Bpf.updateElement(spec.name(), fd, bytes(key), value);
  }

  private static byte[] bytes(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(value).array();
  }
}
