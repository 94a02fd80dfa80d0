package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.ring.RecordHandler;
import dev.kernelflight.bpf.sys.Atomics;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/**
 * The records of each CPU that wait to be sent together: {@code struct batch} of {@code event.h},
 * in memory that the programs write. One thread at a time.
 */
final class Batches implements AutoCloseable {
  static final String MAP = "batches";

  /** So many batches has each CPU; {@code enum batch_of}. */
  static final int OF_CPU = Wire.BatchOf.BATCHES;

  private static final String FLUSH = "flush";

  /**
   * A program found in the middle of a record needs microseconds, unless its thread has to wait.
   */
  private static final int MOST_TRIES = 3;

  private final Mapping mapping;
  private final Fd flush;
  private final MemorySegment[] batches;
  private final long[] taken;

  private Batches(Mapping mapping, Fd flush, int cpus) {
    this.mapping = mapping;
    this.flush = flush;
    batches = new MemorySegment[cpus * OF_CPU];
    for (int i = 0; i < batches.length; i++) {
      batches[i] = mapping.memory().asSlice((long) i * Wire.Batch.BYTES, Wire.Batch.BYTES);
    }
    taken = new long[cpus];
  }

  /**
   * Maps the memory and loads the program that sends what waits.
   *
   * @param cpus that there can be; the map has the batches of so many
   */
  static Batches open(LoadedObject object, int cpus) throws KernelException {
    long bytes = Mapping.wholePages((long) cpus * OF_CPU * Wire.Batch.BYTES);
    Mapping mapping = Mapping.of(MAP, object.map(MAP).fd(), 0, bytes, true);
    try {
      return new Batches(mapping, object.load(FLUSH, 0), cpus);
    } catch (Throwable e) {
      mapping.close();
      throw e;
    }
  }

  /**
   * Has all sent that waits, unless a CPU is time and again found in the middle of a record.
   *
   * @return whether that were all
   * @param offline takes the batches of CPUs that are offline, whole, as the transport would have
   *     handed them over
   */
  boolean flush(RecordHandler offline) throws KernelException {
    boolean all = true;
    for (int cpu = 0; cpu < taken.length; cpu++) {
      all &= flush(cpu, offline);
    }
    return all;
  }

  private boolean flush(int cpu, RecordHandler offline) throws KernelException {
    for (int tries = 0; tries < MOST_TRIES && somethingWaits(cpu); tries++) {
      OptionalInt unsent = Bpf.runOn(FLUSH, flush, cpu);
      if (unsent.isEmpty()) {
        takeFromOffline(cpu, offline);
      } else if (unsent.getAsInt() == 0) {
        // what waits now came after it
        return true;
      }
    }
    return !somethingWaits(cpu);
  }

  private boolean somethingWaits(int cpu) {
    for (int i = cpu * OF_CPU; i < (cpu + 1) * OF_CPU; i++) {
      // racing with the programs does no harm: what they write now is for the next time
      if (batches[i].get(JAVA_INT, Wire.Batch.USED) != 0) {
        return true;
      }
    }
    return false;
  }

  /** Nothing runs there to send it, nor to write more. */
  private void takeFromOffline(int cpu, RecordHandler handler) throws KernelException {
    for (int i = cpu * OF_CPU; i < (cpu + 1) * OF_CPU; i++) {
      MemorySegment batch = batches[i];
      MemorySegment busy = batch.asSlice(Wire.Batch.BUSY, Integer.BYTES);
      // should the CPU come back meanwhile, its programs leave the batch alone
      Atomics.storeReleaseInt(busy, 1);
      try {
        if (Bpf.runOn(FLUSH, flush, cpu).isEmpty()) {
          int used = Math.clamp(batch.get(JAVA_INT, Wire.Batch.USED), 0, Wire.Batch.DATA_BYTES);
          handler.onRecord(batch, Wire.Batch.DATA, used);
          taken[cpu] += batch.get(JAVA_INT, Wire.Batch.RECORDS);
          batch.set(JAVA_INT, Wire.Batch.RECORDS, 0);
          batch.set(JAVA_INT, Wire.Batch.USED, 0);
        }
      } finally {
        Atomics.storeReleaseInt(busy, 0);
      }
    }
  }

  /** Records of that CPU that never were sent, since it was offline. */
  long taken(int cpu) {
    return taken[cpu];
  }

  @Override
  public void close() {
    flush.close();
    mapping.close();
  }
}
