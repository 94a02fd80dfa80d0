/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the programs share: what they are to trace (filter), what they know of each thread, and how
 * a record goes to user space.
 */
#ifndef KERNELFLIGHT_STATE_H
#define KERNELFLIGHT_STATE_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "event.h"

/* Set by the loader before the programs are verified: dead branches cost nothing. */
const volatile __u64 pid_namespace_dev;
const volatile __u64 pid_namespace_ino;
const volatile __u32 use_ring_buffer;
const volatile __u64 wakeup_bytes;
const volatile __u32 scope;		/* enum scope */
const volatile __u32 target_pid;	/* of SCOPE_PROCESS, as the reader's PID namespace numbers it */
const volatile __u32 initial_pid_namespace;	/* whether the reader lives in it */
const volatile __u32 compat_status_offset;	/* of a task's thread_info.status; 0 if unknown, or */
						/* none: see in_compat_call() */

struct filter filter;

/* The loader turns this into a BPF_MAP_TYPE_RINGBUF when use_ring_buffer is set. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

/*
 * A thread of the traced process that has made a call of interest. It stays until the thread ends
 * and is updated in place, which is several times cheaper than making one for each call.
 */
struct thread {
	/* the open that is under way */
	__u64 open_start;	/* ns; 0 for none; holds within open_epoch */
	__u64 path;		/* user address */
	__u64 user_how;		/* user address of struct open_how, to be read on return, or 0 */
	__u64 flags;
	__u32 mode;
	__s32 directory;
	/* the system call that is under way */
	__u64 call_start;	/* ns; 0 for none; holds within call_epoch */
	__u64 argument1;	/* where RESULT_OVERWRITES_ARGUMENT1 */
	__u32 number;
	__u32 recorded;		/* whether this call may become a record */
	/* whose it is */
	__u32 host_tid;		/* as the initial PID namespace numbers it; 0 for nobody's */
	__u32 tid;		/* as the reader's PID namespace numbers it */
	__u32 pid;		/* the process, likewise */
	/* whether what is under way holds */
	__u32 open_epoch;	/* of open_start: filter.open_epoch at that time */
	__u32 call_epoch;	/* of call_start */
	__u32 reserved;
};

#define THREAD_SLOTS 16384	/* a power of two */

/*
 * Each thread has the slot of its id, since finding an element of an array costs a fraction of a
 * look-up in a hash, and each call needs two. Ids that share a slot are rare: the first thread has
 * it, and others are in crowded_threads.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, THREAD_SLOTS);
	__type(key, __u32);
	__type(value, struct thread);
} threads SEC(".maps");

/* Who has a slot, by its index: decides between threads that want it at the same moment. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, THREAD_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} slot_owners SEC(".maps");

/* Threads whose slot is another one's, by host_tid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct thread);
} crowded_threads SEC(".maps");

/*
 * By CPU; the loader makes as many as there can be CPUs. Not a per-CPU map, which user space could
 * only read by bpf(2): while a thread is in such a call for a map, the kernel runs no program of a
 * kprobe or of a classic tracepoint on its CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct cpu_counters);
} counters SEC(".maps");

/* By CPU and enum batch_of; the loader makes as many as there can be CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BATCHES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct batch);
} batches SEC(".maps");

/* Bytes beyond the mark within which each batch wakes the reader, since several CPUs write. */
#define WAKEUP_WINDOW (4 * BATCH_SPACE)

#define COUNT_MANY(kind, what, many)                                                    \
	do {                                                                          \
		__u32 cpu_ = bpf_get_smp_processor_id();                              \
		struct cpu_counters *counters_ = bpf_map_lookup_elem(&counters, &cpu_); \
		if (counters_)                                                        \
			counters_->of[kind].what += (many);                           \
	} while (0)

#define COUNT(kind, what) COUNT_MANY(kind, what, 1)

/*
 * Bounds a number by a power of two that it is already below: the verifier may not have followed the
 * comparison, and clang must not find out that the mask changes nothing.
 */
#define BOUND(number, limit)                         \
	do {                                         \
		asm volatile("" : "+r"(number));     \
		(number) &= (limit) - 1;             \
	} while (0)

/*
 * The calling thread's ids in the reader's PID namespace; false for one that lives in another. The
 * kernel tells them in the initial namespace and in the thread's own, and in none between.
 */
static __always_inline bool ids_for_reader(struct bpf_pidns_info *ids)
{
	if (initial_pid_namespace) {
		__u64 id = bpf_get_current_pid_tgid();

		ids->pid = id;
		ids->tgid = id >> 32;
		return true;
	}
	return !bpf_get_ns_current_pid_tgid(pid_namespace_dev, pid_namespace_ino, ids,
					    sizeof(*ids));
}

/* The calling thread's host-wide id if it is to be traced, else 0, which is an idle CPU's as well. */
static __always_inline __u32 traced_thread(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tgid = id >> 32;

	if (scope == SCOPE_ALL)
		return tgid != filter.tgid ? (__u32)id : 0;
	if (scope == SCOPE_PROCESS && !filter.tgid) {
		struct bpf_pidns_info ids = {};

		/* what the reader cannot know is learned at the process' first call */
		if (ids_for_reader(&ids) && ids.tgid == target_pid)
			filter.tgid = tgid;
	}
	return tgid == filter.tgid ? (__u32)id : 0;
}

static __always_inline __u32 slot_index(__u32 host_tid)
{
	return host_tid & (THREAD_SLOTS - 1);
}

/* The state of a thread that has one, or NULL. */
static __always_inline struct thread *find_thread(__u32 host_tid)
{
	__u32 index = slot_index(host_tid);
	struct thread *slot = bpf_map_lookup_elem(&threads, &index);

	if (slot && slot->host_tid == host_tid)
		return slot;
	return bpf_map_lookup_elem(&crowded_threads, &host_tid);
}

/* Makes the state of the calling thread; NULL and counted where that is impossible. */
static __always_inline struct thread *add_thread(__u32 host_tid)
{
	__u32 index = slot_index(host_tid);
	struct thread *slot = bpf_map_lookup_elem(&threads, &index);
	struct thread fresh = { .host_tid = host_tid };
	struct bpf_pidns_info ids = {};

	if (!slot)
		goto untracked;
	if (!ids_for_reader(&ids)) {
		/* of all processes those of other namespaces are not meant */
		if (scope == SCOPE_ALL)
			return NULL;
		goto untracked;
	}
	fresh.tid = ids.pid;
	fresh.pid = ids.tgid;
	if (!bpf_map_update_elem(&slot_owners, &index, &host_tid, BPF_NOEXIST)) {
		*slot = fresh;
		return slot;
	}
	if (bpf_map_update_elem(&crowded_threads, &host_tid, &fresh, BPF_ANY))
		goto untracked;
	return bpf_map_lookup_elem(&crowded_threads, &host_tid);
untracked:
	COUNT(COUNTERS_OF_SYSCALLS, untracked);
	return NULL;
}

/* The state of the calling thread, or NULL if it is not to be traced. */
static __always_inline struct thread *track(__u32 host_tid)
{
	struct thread *thread = find_thread(host_tid);

	if (!thread)
		thread = add_thread(host_tid);
	return thread && thread->tid != filter.agent_tid ? thread : NULL;
}

/* Hooks come and go: what was entered before a time without them has returned unseen. */
static __always_inline bool open_under_way(const struct thread *thread)
{
	return thread->open_start && thread->open_epoch == filter.open_epoch;
}

static __always_inline bool call_under_way(const struct thread *thread)
{
	return thread->call_start && thread->call_epoch == filter.call_epoch;
}

/*
 * Whether an open that is under way when its thread comes with another one, or ends, is to be told as
 * missing: the kernel had no instance of the return probe left, or skipped a program. The programs of
 * the tracepoints it counts itself when it skips them.
 */
static __always_inline bool open_returned_unseen(const struct thread *thread)
{
	return open_under_way(thread) && !(filter.wanted & WANT_FILE_OPENS);
}

/*
 * A thread's state goes with the thread, or a later thread of the same id would inherit it. An open
 * that is still under way has returned unseen (also a thread that is killed returns from it first).
 */
static __always_inline void forget_thread(__u32 host_tid)
{
	__u32 index = slot_index(host_tid);
	struct thread *slot = bpf_map_lookup_elem(&threads, &index);
	struct thread *thread = find_thread(host_tid);

	if (!thread)
		return;
	if (open_returned_unseen(thread))
		COUNT(COUNTERS_OF_OPENS, unpaired);
	if (slot && slot->host_tid == host_tid) {
		slot->host_tid = 0;
		bpf_map_delete_elem(&slot_owners, &index);
	} else {
		bpf_map_delete_elem(&crowded_threads, &host_tid);
	}
}

/* Hands records to the buffer; whether it failed. */
static __always_inline long output(void *ctx, void *records, __u64 size)
{
	__u64 beyond;

	if (!use_ring_buffer)
		return bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, records, size);
	/* not for every batch beyond the mark: the reader is awake by then */
	beyond = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) - wakeup_bytes;
	return bpf_ringbuf_output(&events, records, size,
				  beyond < WAKEUP_WINDOW ? BPF_RB_FORCE_WAKEUP :
							   BPF_RB_NO_WAKEUP);
}

static __always_inline struct batch *batch_of_this_cpu(enum batch_of what)
{
	__u32 index = bpf_get_smp_processor_id() * BATCHES + what;

	return bpf_map_lookup_elem(&batches, &index);
}

/* The batch must not be busy but with its caller. */
static __always_inline void send_batch(void *ctx, struct batch *batch, enum batch_of what)
{
	__u64 used = batch->used;
	__u32 records = batch->records;

	BOUND(used, BATCH_SPACE);
	batch->used = 0;
	batch->records = 0;
	if (output(ctx, batch->data.bytes, used))
		COUNT_MANY(what, lost, records);
	else
		COUNT_MANY(what, sent, records);
}

/* Whether it has to wait on. */
static __always_inline int send_what_waits(void *ctx, enum batch_of what)
{
	struct batch *batch = batch_of_this_cpu(what);

	if (!batch || !batch->used)
		return 0;
	if (batch->busy)
		return 1;
	send_batch(ctx, batch, what);
	return 0;
}

/*
 * Room for a record, to be ended by add_record() or drop_record(); NULL, and counted, where another
 * program was interrupted in the middle of one.
 */
static __always_inline void *begin_record(struct batch *batch, enum batch_of what)
{
	__u64 used;

	if (batch->busy) {
		COUNT(what, lost);
		return NULL;
	}
	batch->busy = 1;
	barrier();
	used = batch->used;
	BOUND(used, BATCH_BYTES);
	return batch->data.bytes + used;
}

static __always_inline void drop_record(struct batch *batch)
{
	barrier();
	batch->busy = 0;
}

/* Puts what was written where begin_record() said behind the others, and sends a full batch. */
static __always_inline void add_record(void *ctx, struct batch *batch, enum batch_of what,
				       struct event *record, __u64 size)
{
	size = (size + 7) & ~7ULL;
	record->size = size;
	batch->used += size;
	batch->records++;
	if (batch->used >= BATCH_BYTES)
		send_batch(ctx, batch, what);
	barrier();
	batch->busy = 0;
}

#endif
