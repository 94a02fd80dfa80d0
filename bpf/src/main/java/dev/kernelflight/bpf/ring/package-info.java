/**
 * The two transports of records from the kernel: per-CPU perf buffers and the BPF ring buffer. Both
 * hand a batch of records to a {@link dev.kernelflight.bpf.ring.RecordHandler} where they lie,
 * without copying or allocating, and give the space back once per batch.
 */
@NullMarked
package dev.kernelflight.bpf.ring;

import org.jspecify.annotations.NullMarked;
