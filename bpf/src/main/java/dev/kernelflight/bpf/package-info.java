/**
 * Loads BPF programs and reads what they send, in plain Java on the bpf(2) and perf_event_open(2)
 * system calls. Nothing here knows JFR or the agent, and only {@code sys} calls foreign functions.
 */
@NullMarked
package dev.kernelflight.bpf;

import org.jspecify.annotations.NullMarked;
