/**
 * From an object file's specifications to maps and programs in the kernel: creation, relocation,
 * loading, and what the verifier says when it refuses. Whoever opens a {@link
 * dev.kernelflight.bpf.program.LoadedObject} owns everything in it.
 */
@NullMarked
package dev.kernelflight.bpf.program;

import org.jspecify.annotations.NullMarked;
