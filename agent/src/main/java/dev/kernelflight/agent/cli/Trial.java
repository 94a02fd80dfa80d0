package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.decode.CpuSampleRecord;
import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.decode.KernelRecord;
import dev.kernelflight.agent.decode.SyscallRecord;
import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.Wanted;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * This process traced for a moment, in all as an application is traced, and what was seen of it.
 */
final class Trial {
  private static final int NO_THREAD = 0;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final String NO_FILE = "/kernelflight-doctor/no-such-file";
  private static final int MOST_SYSCALLS = 512;
  private static final int SAMPLING_FREQUENCY = 99;

  private Trial() {}

  /**
   * Has the buffers made, and gives them back.
   *
   * @return what they are, for people
   */
  static String buffers(Tracer.Options options) throws KernelException, IOException {
    try (Epoll epoll = new Epoll();
        Tracer tracer = Tracer.open(options, NO_THREAD, epoll)) {
      return tracer.bufferDescription();
    }
  }

  /**
   * Attaches to see file opens, opens a file and waits for its record.
   *
   * @return the hook that saw it
   * @throws IOException also if the record does not come
   */
  static Hook fileOpens(Tracer.Options options)
      throws NoHookException, KernelException, IOException {
    try (Epoll epoll = new Epoll();
        Tracer tracer = Tracer.open(options, NO_THREAD, epoll)) {
      tracer.follow(Wanted.fileOpensOnly());
      expect(tracer, FileOpenRecord.TYPE);
      return tracer.fileOpenProbe().orElseThrow().hook();
    }
  }

  /**
   * Attaches to see and to count system calls, makes one and waits for its record and its count.
   *
   * @return the hook that saw it
   * @throws IOException also if it is not seen
   */
  static Hook syscalls(Tracer.Options options)
      throws NoHookException, KernelException, IOException {
    BitSet all = new BitSet();
    all.set(0, MOST_SYSCALLS);
    try (Epoll epoll = new Epoll();
        Tracer tracer = Tracer.open(options, NO_THREAD, epoll)) {
      tracer.follow(
          new Wanted(
              Optional.empty(),
              Optional.of(new Wanted.Syscalls(0, false, all)),
              Optional.of(new Wanted.Statistics(false)),
              Optional.empty()));
      expect(tracer, SyscallRecord.TYPE);
      AtomicBoolean counted = new AtomicBoolean();
      tracer.readStatistics(sum -> {
        counted.set(true);
        return true;
      });
      if (!counted.get()) {
        throw new IOException("attached, but system calls are not counted");
      }
      return tracer.syscallProbe().orElseThrow().hook();
    }
  }

  /**
   * Attaches to sample the CPUs, and works until it is sampled.
   *
   * @return the clock that interrupts them
   * @throws IOException also if no sample comes
   */
  static Hook cpuSamples(Tracer.Options options)
      throws NoHookException, KernelException, IOException {
    try (Epoll epoll = new Epoll();
        Tracer tracer = Tracer.open(options, NO_THREAD, epoll)) {
      tracer.follow(
          new Wanted(
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.of(new Wanted.Samples(SAMPLING_FREQUENCY))));
      expect(tracer, CpuSampleRecord.TYPE);
      return tracer.sampleProbe().orElseThrow().hook();
    }
  }

  /** Opens a file that is not there until a record of that type comes. */
  private static void expect(Tracer tracer, int type) throws IOException, KernelException {
    long begun = System.nanoTime();
    AtomicBoolean seen = new AtomicBoolean();
    while (System.nanoTime() - begun < PATIENCE_NANOS) {
      try {
        new FileInputStream(NO_FILE).close();
      } catch (FileNotFoundException e) {
        // an open all the same
      }
      tracer.drain((memory, offset, length) -> {
        if (KernelRecord.type(memory, offset, length) == type) {
          seen.set(true);
        }
      });
      if (seen.get()) {
        return;
      }
    }
    throw new IOException("attached, but no record came of the calls that this process made");
  }
}
