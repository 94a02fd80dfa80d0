/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* CPU samples: what a CPU was doing when its sampling event interrupted it. */
#ifndef KERNELFLIGHT_CPU_SAMPLE_H
#define KERNELFLIGHT_CPU_SAMPLE_H

#include <linux/bpf_perf_event.h>
#include "java_thread.h"
#include "registers.h"
#include "state.h"

/* Too large for the BPF stack. Sent at once: an event does not interrupt itself, but batches. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_sample_event);
} cpu_sample_scratch SEC(".maps");

/*
 * Samples are few: their ids are asked for each time instead of making an entry for a thread that
 * only computes. Such an entry would also be made in the middle of another program's.
 */
static __always_inline void sample(struct bpf_perf_event_data *ctx)
{
	struct bpf_pidns_info ids = {};
	struct cpu_sample_event *event;
	__u32 zero = 0;
	long length = 0;
	__u64 frames;

	if (!ids_for_reader(&ids)) {
		if (scope != SCOPE_ALL)
			COUNT(COUNTERS_OF_SAMPLES, untracked);
		return;
	}
	if (ids.pid == filter.agent_tid)
		return;
	event = bpf_map_lookup_elem(&cpu_sample_scratch, &zero);
	if (!event)
		return;
	event->header.type = EVENT_CPU_SAMPLE;
	event->header.tid = ids.pid;
	event->header.pid = ids.tgid;
	event->header.start = bpf_ktime_get_ns();
	event->header.end = event->header.start;
	event->header.java_thread = java_thread(ids.pid);
	bpf_get_current_comm(event->header.comm, sizeof(event->header.comm));
	event->cpu = bpf_get_smp_processor_id();
	event->mode = INTERRUPTED_USER(&ctx->regs) ? SAMPLE_USER : SAMPLE_KERNEL;
	if (event->mode == SAMPLE_KERNEL)
		length = bpf_get_stack(ctx, event->stack, sizeof(event->stack), 0);
	event->stack_length = length;
	/* whole frames: so what is masked has a power of two for its limit */
	frames = length < 0 ? 0 : length / sizeof(event->stack[0]);
	BOUND(frames, SAMPLE_FRAMES + 1);
	event->header.size = offsetof(struct cpu_sample_event, stack[frames]);
	if (output(ctx, event, offsetof(struct cpu_sample_event, stack[frames])))
		COUNT(COUNTERS_OF_SAMPLES, lost);
	else
		COUNT(COUNTERS_OF_SAMPLES, sent);
}

#endif
