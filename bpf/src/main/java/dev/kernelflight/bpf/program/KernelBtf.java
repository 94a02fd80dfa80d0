package dev.kernelflight.bpf.program;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** The running kernel's own type information. */
public final class KernelBtf {
  /** Where the kernel has it, if it was built with it. */
  public static final Path FILE = Path.of("/sys/kernel/btf/vmlinux");

  /** Of the running kernel, or 0 as long as that has not been read. */
  private static volatile long knownCompatStatusOffset;

  private KernelBtf() {}

  /** Reads it, some 5 MB. */
  public static Btf read() throws IOException, MalformedObjectException {
    return Btf.parse(ByteBuffer.wrap(Files.readAllBytes(FILE)));
  }

  /**
   * Where in a {@code struct task_struct} an x86_64 kernel notes that a call is of the 32-bit kind:
   * {@code compat_status_offset} of the programs.
   *
   * @return 0 where that is not known, and on other architectures, which need it not
   */
  public static long compatStatusOffset(Architecture architecture) {
    if (architecture != Architecture.X86_64) {
      return 0;
    }
    long known = knownCompatStatusOffset;
    if (known != 0) {
      return known;
    }
    try {
      Btf btf = read();
      known =
          (long) btf.struct("task_struct").member("thread_info").offset()
              + btf.struct("thread_info").member("status").offset();
      knownCompatStatusOffset = known;
      return known;
    } catch (IOException | MalformedObjectException | IllegalArgumentException e) {
      return 0;
    }
  }
}
