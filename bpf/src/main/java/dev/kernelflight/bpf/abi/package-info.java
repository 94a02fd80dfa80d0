/**
 * What the kernel's headers call its numbers on the running architecture: errno, open flags and
 * system calls. Pure tables, generated from the UAPI headers by {@code bpf/build-objects}; no
 * privileges, no system calls.
 */
@NullMarked
package dev.kernelflight.bpf.abi;

import org.jspecify.annotations.NullMarked;
