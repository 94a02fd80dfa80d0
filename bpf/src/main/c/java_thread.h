/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which Java thread a kernel thread runs. The kernel sees the carriers of virtual threads only; the
 * JVM keeps the id of the Java thread that runs on each of them in its own memory, where the thread
 * itself writes it, and from where it is read here on that thread.
 */
#ifndef KERNELFLIGHT_JAVA_THREAD_H
#define KERNELFLIGHT_JAVA_THREAD_H

#include "state.h"

/* By thread id modulo CARRIERS, written by user space. A carrier whose place is taken has none. */
struct carrier carriers[CARRIERS];

/*
 * The id of the Java thread that runs on a carrier, itself included, or JAVA_THREAD_UNREADABLE; 0 on
 * any other thread.
 */
static __always_inline __u64 java_thread(__u32 tid)
{
	const struct carrier *carrier = &carriers[tid % CARRIERS];
	__u64 id;

	if (carrier->tid != tid)
		return 0;
	if (bpf_probe_read_user(&id, sizeof(id), (const void *)carrier->current_id))
		return JAVA_THREAD_UNREADABLE;
	return id;
}

#endif
