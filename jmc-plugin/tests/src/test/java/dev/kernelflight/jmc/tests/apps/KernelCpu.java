package dev.kernelflight.jmc.tests.apps;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Keeps a processor busy in the kernel, which fills a block with zeroes again and again. */
public final class KernelCpu {
  private static final int BLOCK = 1 << 20;
  private static final long NANOS = 3_000_000_000L;

  private KernelCpu() {}

  /** No arguments. */
  public static void main(String[] args) throws Exception {
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
    long end = System.nanoTime() + NANOS;
    try (FileChannel zeroes = FileChannel.open(Path.of("/dev/zero"))) {
      while (System.nanoTime() < end) {
        zeroes.read(block.clear());
      }
    }
    System.out.println("done");
  }
}
