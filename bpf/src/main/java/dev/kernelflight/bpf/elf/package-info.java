/**
 * BPF object files and type information (BTF) as records: bytes in, data out. Knows no kernel and
 * needs no privileges. Bytes that are no valid object or BTF end in an {@link
 * dev.kernelflight.bpf.elf.MalformedObjectException} that says where.
 */
@NullMarked
package dev.kernelflight.bpf.elf;

import org.jspecify.annotations.NullMarked;
