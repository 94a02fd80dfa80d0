/**
 * The kernel side of Kernel Flight Recorder, without JFR: {@link dev.kernelflight.bpf.LocalSession}
 * opens a session, which traces processes and hands out records in the wire format of {@code
 * event.h}.
 */
@NullMarked
package dev.kernelflight.bpf;

import org.jspecify.annotations.NullMarked;
