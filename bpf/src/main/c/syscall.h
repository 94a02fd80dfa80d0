/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* System calls: their statistics, and those that become records. */
#ifndef KERNELFLIGHT_SYSCALL_H
#define KERNELFLIGHT_SYSCALL_H

#include <asm/unistd.h>
#include "java_thread.h"
#include "registers.h"
#include "state.h"

/* By CPU and system call number; the loader makes as many as there can be CPUs. See counters. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct statistics);
} statistics SEC(".maps");

#define STATISTICS_PLACE_BITS 13
#define STATISTICS_PLACES (1 << STATISTICS_PLACE_BITS)
/* A thread's calls of a kind have one of so many neighbouring places. */
#define STATISTICS_NEIGHBOURS 16

/*
 * By thread and number, at a place that these give. Not per CPU: a thread is on one CPU at a time. An
 * array, since user space cannot map a hash.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STATISTICS_PLACES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct thread_statistics);
} thread_statistics SEC(".maps");

/* Which places are taken: decides between threads that want one at the same moment. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STATISTICS_PLACES);
	__type(key, __u32);
	__type(value, __u32);
} statistics_owners SEC(".maps");

/* By system call number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, struct detail);
} details SEC(".maps");

static __always_inline bool syscall_wanted(__u32 number)
{
	__u32 index = number;

	if (number >= MAX_SYSCALLS)
		return false;
	BOUND(index, MAX_SYSCALLS);
	return filter.syscalls[index / 64] >> (index % 64) & 1;
}

/* The index of the highest bit, and 0 for 0, without the loop that the verifier would walk. */
static __always_inline __u32 log2(__u64 value)
{
	__u32 log = 0;

	if (value >> 32) { value >>= 32; log += 32; }
	if (value >> 16) { value >>= 16; log += 16; }
	if (value >> 8) { value >>= 8; log += 8; }
	if (value >> 4) { value >>= 4; log += 4; }
	if (value >> 2) { value >>= 2; log += 2; }
	return log + (value >> 1 & 1);
}

/* Nobody else makes a place for the calling thread, so it cannot get two. */
static __always_inline struct statistics *statistics_of_thread(__u32 tid, __u32 number)
{
	__u64 key = (__u64)number << 32 | tid;
	__u32 hash = (__u32)(tid * MAX_SYSCALLS + number) * 0x9e3779b1U >>
		     (32 - STATISTICS_PLACE_BITS);
	struct thread_statistics *place;
	__u32 index;

	for (__u32 i = 0; i < STATISTICS_NEIGHBOURS; i++) {
		index = (hash + i) & (STATISTICS_PLACES - 1);
		place = bpf_map_lookup_elem(&thread_statistics, &index);
		if (place && place->taken == key)
			return &place->of_calls;
	}
	for (__u32 i = 0; i < STATISTICS_NEIGHBOURS; i++) {
		index = (hash + i) & (STATISTICS_PLACES - 1);
		place = bpf_map_lookup_elem(&thread_statistics, &index);
		if (place && !place->taken &&
		    !bpf_map_update_elem(&statistics_owners, &index, &tid, BPF_NOEXIST)) {
			place->taken = key;
			return &place->of_calls;
		}
	}
	return NULL;
}

/* What is known of a thread that ended is no longer wanted; the place of it is free again. */
static __always_inline void free_statistics(__u32 index)
{
	static const struct statistics none;
	struct thread_statistics *place = bpf_map_lookup_elem(&thread_statistics, &index);

	if (!place)
		return;
	place->of_calls = none;
	place->taken = 0;
	bpf_map_delete_elem(&statistics_owners, &index);
}

static __always_inline struct statistics *statistics_of(const struct thread *thread)
{
	__u32 index = bpf_get_smp_processor_id() * MAX_SYSCALLS + thread->number;

	if (thread->number >= MAX_SYSCALLS)
		return NULL;
	if (filter.wanted & WANT_STATISTICS_BY_THREAD)
		return statistics_of_thread(thread->tid, thread->number);
	return bpf_map_lookup_elem(&statistics, &index);
}

static __always_inline void count_call(const struct thread *thread, bool failed, __u64 duration)
{
	struct statistics *of_calls = statistics_of(thread);
	__u32 period = filter.period;
	__u32 bucket;

	if (!of_calls) {
		COUNT(COUNTERS_OF_SYSCALLS, untracked);
		return;
	}
	of_calls->count++;
	of_calls->errors += failed;
	of_calls->total += duration;
	if (of_calls->period != period) {
		/* a period without calls in between left an older one's behind */
		if (period - of_calls->period > 1)
			of_calls->max[(period + 1) & 1] = 0;
		of_calls->max[period & 1] = 0;
		of_calls->period = period;
	}
	if (duration > of_calls->max[period & 1])
		of_calls->max[period & 1] = duration;
	bucket = log2(duration);
	if (bucket >= HISTOGRAM_BUCKETS)
		bucket = HISTOGRAM_BUCKETS - 1;
	of_calls->histogram[bucket]++;
}

/* Reads what an argument points to; the length that was read, or -errno. */
static __always_inline long read_detail(const struct syscall_event *event, char *to)
{
	__u32 number = event->number;
	const struct detail *detail = bpf_map_lookup_elem(&details, &number);
	__u32 length = 0;
	const void *from;
	long failed;

	if (!detail || detail->kind == DETAIL_NONE || detail->argument >= SYSCALL_ARGUMENTS ||
	    detail->length_argument >= SYSCALL_ARGUMENTS)
		return 0;
	from = (const void *)event->arguments[detail->argument];
	if (!from)
		return 0;
	if (detail->kind == DETAIL_PATH) {
		failed = bpf_probe_read_user_str(to, DETAIL_LENGTH, from);
		return failed > 0 ? failed - 1 : failed;
	}
	if (detail->kind == DETAIL_BYTES) {
		length = event->arguments[detail->length_argument];
	} else {
		failed = bpf_probe_read_user(
			&length, sizeof(length),
			(const void *)event->arguments[detail->length_argument]);
		if (failed)
			return failed;
	}
	if (length > DETAIL_LENGTH - 1)
		length = DETAIL_LENGTH - 1;
	BOUND(length, DETAIL_LENGTH);
	failed = bpf_probe_read_user(to, length, from);
	return failed ? failed : length;
}

/* Whether a call leaves other registers behind than it was entered with, its number among them. */
static __always_inline bool replaces_registers(__u32 number)
{
	return number == __NR_rt_sigreturn || number == __NR_execve || number == __NR_execveat;
}

/*
 * Return of any system call while one is under way. It is not necessarily the same: see
 * open_syscall_returned(). The statistics do not ask, since while they are wanted every entry is seen:
 * to be wrong, the kernel must have skipped both the return of one call and the entry of the next.
 */
static __always_inline void syscall_returned(void *ctx, struct thread *thread,
					     const void *user_regs, __s64 result, __u64 end)
{
	/* rt_sigreturn has no result: the register holds what the interrupted code had in it */
	bool failed = result < 0 && result >= -4095 && thread->number != __NR_rt_sigreturn;
	__u64 start = thread->call_start;
	struct syscall_registers regs;
	struct syscall_event *event;
	struct batch *batch;
	long length;
	__u64 size;

	thread->call_start = 0;
	if (filter.wanted & WANT_STATISTICS)
		count_call(thread, failed, end - start);
	if (!thread->recorded)
		return;
	if (end - start < filter.syscall_threshold ||
	    (!failed && filter.wanted & WANT_FAILED_SYSCALLS_ONLY)) {
		COUNT(COUNTERS_OF_SYSCALLS, filtered);
		return;
	}
	batch = batch_of_this_cpu(BATCH_OF_SYSCALLS);
	if (!batch)
		return;
	event = begin_record(batch, BATCH_OF_SYSCALLS);
	if (!event)
		return;
	event->header.type = EVENT_SYSCALL;
	event->header.tid = thread->tid;
	event->header.pid = thread->pid;
	event->header.start = start;
	event->header.end = end;
	event->header.java_thread = java_thread(thread->tid);
	bpf_get_current_comm(event->header.comm, sizeof(event->header.comm));
	event->result = result;
	event->number = thread->number;
	if (bpf_probe_read_kernel(&regs, sizeof(regs), user_regs + SYSCALL_REGISTERS_OFFSET)) {
		COUNT(COUNTERS_OF_SYSCALLS, untracked);
		drop_record(batch);
		return;
	}
	if (regs.number != thread->number && !replaces_registers(thread->number)) {
		drop_record(batch);
		return;
	}
	event->arguments[0] = RESULT_OVERWRITES_ARGUMENT1 ? thread->argument1 : regs.argument1;
	event->arguments[1] = regs.argument2;
	event->arguments[2] = regs.argument3;
	event->arguments[3] = regs.argument4;
	event->arguments[4] = regs.argument5;
	event->arguments[5] = regs.argument6;
	length = read_detail(event, event->detail);
	event->detail_length = length;
	size = length < 0 ? 0 : length;
	BOUND(size, DETAIL_LENGTH);
	add_record(ctx, batch, BATCH_OF_SYSCALLS, &event->header,
		   offsetof(struct syscall_event, detail) + size);
}

#endif
