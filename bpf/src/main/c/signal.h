/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Signals: which reached a thread, and who sent them. */
#ifndef KERNELFLIGHT_SIGNAL_H
#define KERNELFLIGHT_SIGNAL_H

#include <asm/siginfo.h>
#include <asm/signal.h>
#include "java_thread.h"
#include "state.h"

/* How the kernel's siginfo begins: as siginfo_t of the UAPI, where a process sent the signal. */
struct sent_signal {
	__s32 number;
	__s32 error;
	__s32 code;
	__s32 padding;
	__s32 sender_pid;
	__u32 sender_uid;
};

/* Below it are no addresses, but words for signals that the kernel made without a siginfo. */
#define LEAST_SIGINFO 4096

static __always_inline bool has_sender(const struct sent_signal *signal)
{
	return signal->code == SI_USER || signal->code == SI_QUEUE || signal->code == SI_TKILL ||
	       signal->code == SI_MESGQ || (signal->number == SIGCHLD && signal->code > 0);
}

/*
 * What a JVM causes all the time: signals to its own threads and of its own timers, and faults that it
 * uses as checks.
 */
static __always_inline bool is_own(const struct sent_signal *signal, __u32 pid)
{
	if (signal->code == SI_TIMER)
		return true;
	if (signal->code == SI_TKILL)
		return (__u32)signal->sender_pid == pid;
	return signal->code > 0 && signal->code != SI_KERNEL &&
	       (signal->number == SIGSEGV || signal->number == SIGBUS || signal->number == SIGFPE ||
		signal->number == SIGILL || signal->number == SIGTRAP);
}

/*
 * A thread is about to handle a signal, or to die of it. The agent's thread is no exception: a signal to
 * the process reaches any of its threads. A signal that ends the process and that it does not handle
 * reaches its threads as SIGKILL, without a sender.
 */
static __always_inline void signal_delivered(void *ctx, __s32 number, const void *siginfo)
{
	struct sent_signal signal = { .number = number, .sender_pid = NO_SENDER };
	struct signal_event event = {};
	struct bpf_pidns_info ids = {};

	if (!ids_for_reader(&ids)) {
		if (scope != SCOPE_ALL)
			COUNT(COUNTERS_OF_SIGNALS, untracked);
		return;
	}
	if ((__u64)siginfo >= LEAST_SIGINFO) {
		bpf_probe_read_kernel(&signal, sizeof(signal), siginfo);
		if (!has_sender(&signal))
			signal.sender_pid = NO_SENDER;
	}
	if (!(filter.wanted & WANT_OWN_SIGNALS) && is_own(&signal, ids.tgid)) {
		COUNT(COUNTERS_OF_SIGNALS, filtered);
		return;
	}
	event.header.type = EVENT_SIGNAL;
	event.header.tid = ids.pid;
	event.header.pid = ids.tgid;
	event.header.size = sizeof(event);
	event.header.start = bpf_ktime_get_ns();
	event.header.end = event.header.start;
	event.header.java_thread = java_thread(ids.pid);
	bpf_get_current_comm(event.header.comm, sizeof(event.header.comm));
	event.number = signal.number;
	event.code = signal.code;
	event.sender_pid = signal.sender_pid;
	event.sender_uid = signal.sender_pid == NO_SENDER ? 0 : signal.sender_uid;
	if (output(ctx, &event, sizeof(event)))
		COUNT(COUNTERS_OF_SIGNALS, lost);
	else
		COUNT(COUNTERS_OF_SIGNALS, sent);
}

#endif
