package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.decode.CpuSampleRecord;
import dev.kernelflight.agent.decode.FileOpenRecord;
import dev.kernelflight.agent.decode.KernelRecord;
import dev.kernelflight.agent.decode.SyscallRecord;
import dev.kernelflight.agent.decode.TextCache;
import dev.kernelflight.agent.emit.FileOpenTexts;
import dev.kernelflight.agent.emit.KernelStacks;
import dev.kernelflight.agent.emit.SyscallArguments;
import dev.kernelflight.agent.emit.SyscallNames;
import dev.kernelflight.agent.enrich.KernelClock;
import dev.kernelflight.agent.settings.PathFilter;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.ring.RecordHandler;
import java.lang.foreign.MemorySegment;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Makes events of records, batch by batch. One thread at a time. */
final class LiveEvents implements RecordHandler {
  private static final int NAME_SLOTS = 1024;
  private static final long NANOS = 1_000_000_000;

  /** What an event takes besides its texts, rounded up. */
  private static final int EVENT_BYTES = 256;

  private final KernelNames names = KernelNames.ofThisMachine();
  private final SyscallArguments arguments = new SyscallArguments(names);
  private final SyscallNames syscalls = new SyscallNames(names);
  private final FileOpenTexts opens = new FileOpenTexts(names);
  private final TextCache threadNames = new TextCache(NAME_SLOTS);
  private final KernelClock clock = new KernelClock(LiveEvents::epochNanos);
  private final FileOpenRecord open = new FileOpenRecord();
  private final SyscallRecord syscall = new SyscallRecord();
  private final CpuSampleRecord sample = new CpuSampleRecord();
  private final KernelStacks stacks;
  private final PathFilter paths;
  private final long mostBytes;
  private List<LiveEvent> batch = new ArrayList<>();
  private long batchBytes;
  private long unkept;
  private long from = Long.MIN_VALUE;
  private long until = Long.MAX_VALUE;
  private long undecodable;

  /**
   * @param paths of opens, others are left out
   * @param mostBytes of memory, about, that the events between two calls of {@link #take} may have
   */
  LiveEvents(PathFilter paths, KernelStacks stacks, long mostBytes) {
    this.paths = paths;
    this.stacks = stacks;
    this.mostBytes = mostBytes;
  }

  private static long epochNanos() {
    Instant now = Clock.systemUTC().instant();
    return now.getEpochSecond() * NANOS + now.getNano();
  }

  /** What the kernel is to send of arguments. */
  SyscallArguments arguments() {
    return arguments;
  }

  /** Leaves out what ended before a moment, in {@link System#nanoTime}. */
  void setFrom(long nanoTime) {
    from = nanoTime;
  }

  /** Leaves out what ended after a moment, in {@link System#nanoTime}. */
  void setUntil(long nanoTime) {
    until = nanoTime;
  }

  /** To be called before records are taken: their times lie between the last two calls. */
  void anchor() {
    clock.anchor();
  }

  /** The events since the last call, in the order of their ends. */
  List<LiveEvent> take() {
    List<LiveEvent> taken = batch;
    batch = new ArrayList<>();
    batchBytes = 0;
    // each CPU has a buffer of its own
    taken.sort(Comparator.comparingLong(event -> event.origin().end()));
    return taken;
  }

  /** Records that could not be made out, since the start. */
  long undecodable() {
    return undecodable;
  }

  /** Events that there was no memory for, since the start. */
  long unkept() {
    return unkept;
  }

  @Override
  public void onRecord(MemorySegment memory, long offset, int length) {
    switch (KernelRecord.type(memory, offset, length)) {
      case FileOpenRecord.TYPE -> {
        if (open.wrap(memory, offset, length)) {
          addOpen(length);
          return;
        }
      }
      case SyscallRecord.TYPE -> {
        if (syscall.wrap(memory, offset, length)) {
          addCall(length);
          return;
        }
      }
      case CpuSampleRecord.TYPE -> {
        if (sample.wrap(memory, offset, length)) {
          addSample(length);
          return;
        }
      }
      default -> {
        // no kind of record that there is
      }
    }
    undecodable++;
  }

  private boolean inTime(KernelRecord record) {
    long end = clock.nanoTime(record.end());
    return end >= from && end <= until;
  }

  /** The buffers of many CPUs may hold more than the heap. */
  private boolean fits(int length) {
    long bytes = EVENT_BYTES + (long) Character.BYTES * length;
    if (batchBytes + bytes > mostBytes) {
      unkept++;
      return false;
    }
    batchBytes += bytes;
    return true;
  }

  private LiveEvent.Origin origin(KernelRecord record) {
    return new LiveEvent.Origin(
        clock.ticks(record.start()),
        record.end() - record.start(),
        record.pid(),
        record.tid(),
        threadNames.text(record.memory(), record.commOffset(), record.commLength()));
  }

  private void addOpen(int length) {
    String path = opens.path(open);
    if (inTime(open) && paths.accepts(path) && fits(length)) {
      batch.add(
          new LiveEvent.Open(
              origin(open),
              path,
              opens.flags(open),
              opens.mode(open),
              open.directory(),
              opens.fd(open),
              opens.errno(open)));
    }
  }

  private void addCall(int length) {
    if (inTime(syscall) && fits(length)) {
      String text = arguments.text(syscall);
      batch.add(
          new LiveEvent.Call(
              origin(syscall),
              syscall.number(),
              syscalls.name(syscall.number()),
              text == null ? SyscallArguments.numbers(syscall) : text,
              syscall.result(),
              syscalls.errno(syscall)));
    }
  }

  private void addSample(int length) {
    if (inTime(sample) && fits(length)) {
      batch.add(
          new LiveEvent.Sample(
              origin(sample),
              sample.inKernel(),
              stacks.function(sample),
              stacks.text(sample),
              sample.cpu()));
    }
  }
}
