/**
 * Everything that touches the kernel or foreign memory: the only place with a {@link
 * java.lang.foreign.Linker} or a system call's number. One class a kernel facility, each a thin
 * typed skin over the calls of its man page; nothing here knows what the calls are for.
 *
 * <p>Failures are {@link dev.kernelflight.bpf.sys.KernelException}s with the call and its errno.
 * Unless a class says otherwise its methods may be called from any thread, and what is closed must
 * no longer be used.
 */
@NullMarked
package dev.kernelflight.bpf.sys;

import org.jspecify.annotations.NullMarked;
