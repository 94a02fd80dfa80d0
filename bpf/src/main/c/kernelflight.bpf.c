// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * File opens and system calls of one process. File opens are seen behind whichever hook the kernel
 * has: fentry/fexit, kprobe/kretprobe or the raw syscall tracepoints. Every hook only picks its
 * arguments apart; open_entered() and open_returned() are the one body behind all of them. System
 * calls are seen by the tracepoints alone.
 *
 * The entry remembers the arguments, the return sends the record. What arguments point to is read
 * on return: by then the kernel itself has read it, so that its page is resident, which at entry
 * it may not be.
 *
 * No kernel-private structure is touched: arguments come from UAPI pt_regs, from function
 * arguments, or from tracepoint arguments.
 */
#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <asm/unistd.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "event.h"
#include "registers.h"

char LICENSE[] SEC("license") = "GPL";

/* Set by the loader before the programs are verified: dead branches cost nothing. */
const volatile __u64 pid_namespace_dev;
const volatile __u64 pid_namespace_ino;
const volatile __u32 use_ring_buffer;
const volatile __u64 wakeup_bytes;

struct filter filter;

/* The loader turns this into a BPF_MAP_TYPE_RINGBUF when use_ring_buffer is set. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

/*
 * A thread of the traced process that has made a call of interest. Entries are updated in place,
 * which is several times cheaper than inserting and deleting one per call, and go when the thread
 * ends.
 */
struct thread {
	/* the open that is under way */
	__u64 open_start;	/* ns; 0 for none */
	__u64 path;		/* user address */
	__u64 user_how;		/* user address of struct open_how, to be read on return, or 0 */
	__u64 flags;
	__u32 mode;
	__s32 directory;
	/* the system call that is under way */
	__u64 call_start;	/* ns; 0 for none */
	__u64 argument1;	/* where RESULT_OVERWRITES_ARGUMENT1 */
	__u32 number;
	__u32 recorded;		/* whether this call may become a record */
	__u32 tid;		/* as the process sees it */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct thread);
} threads SEC(".maps");

union record {
	struct file_open_event file_open;
	struct syscall_event syscall;
};

/* Too large for the BPF stack; one program run at a time uses a CPU's instance. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union record);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* By system call number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, struct statistics);
} statistics SEC(".maps");

/* By thread and number. Not per CPU: a thread is on one CPU at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct statistics_key);
	__type(value, struct statistics);
} thread_statistics SEC(".maps");

/* By system call number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SYSCALLS);
	__type(key, __u32);
	__type(value, struct detail);
} details SEC(".maps");

/* Bytes beyond the mark within which each record wakes the reader, since several CPUs write. */
#define WAKEUP_WINDOW 4096

#define COUNT(what)                                                                   \
	do {                                                                          \
		__u32 zero_ = 0;                                                      \
		struct counters *counters_ = bpf_map_lookup_elem(&counters, &zero_); \
		if (counters_)                                                        \
			counters_->what++;                                            \
	} while (0)

/*
 * Bounds a number by a power of two that it is already below: the verifier may not have followed the
 * comparison, and clang must not find out that the mask changes nothing.
 */
#define BOUND(number, limit)                         \
	do {                                         \
		asm volatile("" : "+r"(number));     \
		(number) &= (limit) - 1;             \
	} while (0)

/* The calling thread's host-wide id if it is one of the traced process, else 0. */
static __always_inline __u32 traced_thread(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	return id >> 32 == filter.tgid ? (__u32)id : 0;
}

/* The state of a thread, made where there is none; NULL for a thread that is not to be traced. */
static __always_inline struct thread *track(__u32 tid)
{
	struct thread *known = bpf_map_lookup_elem(&threads, &tid);
	struct bpf_pidns_info ids = {};
	struct thread fresh = {};

	if (known)
		goto tracked;
	if (bpf_get_ns_current_pid_tgid(pid_namespace_dev, pid_namespace_ino, &ids, sizeof(ids)))
		goto untracked;
	fresh.tid = ids.pid;
	if (bpf_map_update_elem(&threads, &tid, &fresh, BPF_ANY))
		goto untracked;
	known = bpf_map_lookup_elem(&threads, &tid);
	if (known)
		goto tracked;
untracked:
	COUNT(untracked);
	return NULL;
tracked:
	return known->tid == filter.agent_tid ? NULL : known;
}

static __always_inline void open_entered(struct thread *thread, __s32 directory, __u64 path, __u64 flags,
					 __u32 mode, __u64 user_how)
{
	if (thread->open_start)
		COUNT(unpaired);
	thread->path = path;
	thread->user_how = user_how;
	thread->flags = flags;
	thread->mode = mode;
	thread->directory = directory;
	/* last, so that our own work is not in the duration */
	thread->open_start = bpf_ktime_get_ns();
}

static __always_inline void send(void *ctx, void *record, __u64 size)
{
	long failed;

	if (!use_ring_buffer) {
		failed = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, record, size);
	} else {
		/* not for every record beyond the mark: the reader is awake by then */
		__u64 beyond = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) - wakeup_bytes;

		failed = bpf_ringbuf_output(&events, record, size,
					    beyond < WAKEUP_WINDOW ? BPF_RB_FORCE_WAKEUP :
								     BPF_RB_NO_WAKEUP);
	}
	if (failed)
		COUNT(lost);
	else
		COUNT(sent);
}

/* Whether a path begins with one of the prefixes; any does where there are none. */
static __always_inline bool path_wanted(const char *path, long length)
{
	const __u64 *words = (const __u64 *)path;

	if (!filter.prefix_count || length < 0)
		return true;
	for (__u32 i = 0; i < PREFIXES; i++) {
		__u64 differing = 0;

		if (i >= filter.prefix_count)
			break;
		for (int j = 0; j < PREFIX_WORDS; j++)
			differing |= (words[j] ^ filter.prefixes[i].value[j]) &
				     filter.prefixes[i].mask[j];
		if (!differing)
			return true;
	}
	return false;
}

static __always_inline void open_returned(void *ctx, struct thread *thread, __s32 result, __u64 end)
{
	struct file_open_event *event;
	struct open_how how;
	__u32 zero = 0;
	__u64 start;
	long length;

	start = thread->open_start;
	thread->open_start = 0;
	if (end - start < filter.file_open_threshold ||
	    (result >= 0 && filter.wanted & WANT_FAILED_OPENS_ONLY)) {
		COUNT(filtered);
		return;
	}
	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event)
		return;
	event->header.type = EVENT_FILE_OPEN;
	event->header.tid = thread->tid;
	event->header.start = start;
	event->header.end = end;
	bpf_get_current_comm(event->header.comm, sizeof(event->header.comm));
	event->flags = thread->flags;
	event->mode = thread->mode;
	event->directory = thread->directory;
	event->result = result;
	if (thread->user_how) {
		if (bpf_probe_read_user(&how, sizeof(how), (void *)thread->user_how)) {
			event->flags = FLAGS_UNREADABLE;
		} else {
			event->flags = how.flags;
			event->mode = how.mode;
		}
	}
	if (event->flags != FLAGS_UNREADABLE)
		event->flags &= ~(__u64)O_LARGEFILE;

	length = bpf_probe_read_user_str(event->path, sizeof(event->path), (void *)thread->path);
	if (!path_wanted(event->path, length)) {
		COUNT(filtered);
		return;
	}
	if (length > 0 && length <= (long)sizeof(event->path)) {
		event->path_length = length - 1;
	} else {
		event->path_length = length;
		length = 0;
	}
	send(ctx, event, offsetof(struct file_open_event, path) + length);
}

/*
 * What open, openat and creat make of their arguments before do_sys_openat2 sees them; applied
 * where the hook lies before that, so that every hook tells the same.
 */
static __always_inline void open_requested(struct thread *thread, __s32 directory, __u64 path,
					   __u32 flags, __u32 mode)
{
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		mode &= 07777;
	else
		mode = 0;
	open_entered(thread, directory, path, flags, mode, 0);
}

static __always_inline bool is_open(__u64 number)
{
#ifdef __NR_open
	if (number == __NR_open || number == __NR_creat)
		return true;
#endif
	return number == __NR_openat || number == __NR_openat2;
}

/* Entry of a system call that opens. */
static __always_inline void open_syscall_entered(struct thread *thread,
						 const struct syscall_registers *regs)
{
	__u64 number = regs->number;

	if (number == __NR_openat2)
		open_entered(thread, regs->argument1, regs->argument2, 0, 0, regs->argument3);
	else if (number == __NR_openat)
		open_requested(thread, regs->argument1, regs->argument2, regs->argument3,
			       regs->argument4);
#ifdef __NR_open
	else if (number == __NR_open)
		open_requested(thread, AT_FDCWD, regs->argument1, regs->argument2,
			       regs->argument3);
	else
		open_requested(thread, AT_FDCWD, regs->argument1, O_CREAT | O_WRONLY | O_TRUNC,
			       regs->argument2);
#endif
}

/* Entry of do_sys_openat2, which open, openat, openat2 and creat all end in. */
static __always_inline int openat2_entered(__s32 directory, __u64 path, const void *kernel_how)
{
	__u32 tid = traced_thread();
	struct thread *thread;
	struct open_how how;

	if (!tid)
		return 0;
	thread = track(tid);
	if (!thread)
		return 0;
	if (bpf_probe_read_kernel(&how, sizeof(how), kernel_how))
		how = (struct open_how){ .flags = FLAGS_UNREADABLE };
	open_entered(thread, directory, path, how.flags, how.mode, 0);
	return 0;
}

/* From Linux 7.2 do_sys_openat2 returns an int: only the low half of the register is the result. */
static __always_inline int openat2_returned(void *ctx, __u64 result)
{
	__u32 tid = traced_thread();
	struct thread *thread;

	if (!tid)
		return 0;
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (thread && thread->open_start)
		open_returned(ctx, thread, (__s32)result, bpf_ktime_get_ns());
	return 0;
}

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

static __always_inline struct statistics *statistics_of(const struct thread *thread)
{
	static const struct statistics none;
	struct statistics_key key = { .tid = thread->tid, .number = thread->number };
	struct statistics *known;

	if (!(filter.wanted & WANT_STATISTICS_BY_THREAD))
		return bpf_map_lookup_elem(&statistics, &key.number);
	known = bpf_map_lookup_elem(&thread_statistics, &key);
	if (known)
		return known;
	bpf_map_update_elem(&thread_statistics, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&thread_statistics, &key);
}

static __always_inline void count_call(const struct thread *thread, bool failed, __u64 duration)
{
	struct statistics *of_calls = statistics_of(thread);
	__u32 period = filter.period;
	__u32 bucket;

	if (!of_calls) {
		COUNT(untracked);
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

static __always_inline void syscall_returned(void *ctx, struct thread *thread,
					     const void *user_regs, __s64 result, __u64 end)
{
	/* rt_sigreturn has no result: the register holds what the interrupted code had in it */
	bool failed = result < 0 && result >= -4095 && thread->number != __NR_rt_sigreturn;
	__u64 start = thread->call_start;
	struct syscall_registers regs;
	struct syscall_event *event;
	__u32 zero = 0;
	long length;
	__u64 size;

	thread->call_start = 0;
	if (filter.wanted & WANT_STATISTICS)
		count_call(thread, failed, end - start);
	if (!thread->recorded)
		return;
	if (end - start < filter.syscall_threshold ||
	    (!failed && filter.wanted & WANT_FAILED_SYSCALLS_ONLY)) {
		COUNT(filtered);
		return;
	}
	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event)
		return;
	event->header.type = EVENT_SYSCALL;
	event->header.tid = thread->tid;
	event->header.start = start;
	event->header.end = end;
	bpf_get_current_comm(event->header.comm, sizeof(event->header.comm));
	event->result = result;
	event->number = thread->number;
	if (bpf_probe_read_kernel(&regs, sizeof(regs), user_regs + SYSCALL_REGISTERS_OFFSET)) {
		COUNT(untracked);
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
	send(ctx, event, offsetof(struct syscall_event, detail) + size);
}

/*
 * Never attached: the process to be traced runs it once, and so tells the filter its id in the
 * initial PID namespace, which from inside another one it cannot know.
 */
SEC("raw_tp/identify")
int identify(void *ctx)
{
	filter.tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

/* A thread's state goes with the thread, or a later thread of the same id would inherit it. */
SEC("raw_tp/sched_process_exit")
int thread_exit(void *ctx)
{
	__u32 tid = traced_thread();

	if (tid)
		bpf_map_delete_elem(&threads, &tid);
	return 0;
}

SEC("fentry/do_sys_openat2")
int openat2_fentry(__u64 *args)
{
	return openat2_entered(args[0], args[1], (const void *)args[2]);
}

SEC("fexit/do_sys_openat2")
int openat2_fexit(__u64 *args)
{
	return openat2_returned(args, args[3]);
}

SEC("kprobe/do_sys_openat2")
int openat2_kprobe(struct pt_regs *regs)
{
	return openat2_entered(PT_REGS_PARM1(regs), PT_REGS_PARM2(regs),
			       (const void *)PT_REGS_PARM3(regs));
}

SEC("kprobe/do_sys_open")
int open_kprobe(struct pt_regs *regs)
{
	__u32 tid = traced_thread();
	struct thread *thread;

	if (!tid)
		return 0;
	thread = track(tid);
	if (thread)
		open_requested(thread, PT_REGS_PARM1(regs), PT_REGS_PARM2(regs),
			       PT_REGS_PARM3(regs), PT_REGS_PARM4(regs));
	return 0;
}

/*
 * The architecture's entry function of a system call that opens; its only argument is the user
 * registers.
 */
SEC("kprobe/syscall")
int syscall_kprobe(struct pt_regs *regs)
{
	const void *user_regs = (const void *)PT_REGS_PARM1(regs);
	struct syscall_registers entered;
	__u32 tid = traced_thread();
	struct thread *thread;

	if (!tid)
		return 0;
	thread = track(tid);
	if (!thread)
		return 0;
	if (bpf_probe_read_kernel(&entered, sizeof(entered), user_regs + SYSCALL_REGISTERS_OFFSET))
		COUNT(untracked);
	else
		open_syscall_entered(thread, &entered);
	return 0;
}

SEC("kretprobe/open")
int open_kretprobe(struct pt_regs *regs)
{
	return openat2_returned(regs, PT_REGS_RC(regs));
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = traced_thread();
	__u32 wanted = filter.wanted;
	__u64 number = ctx->args[1];
	struct syscall_registers regs;
	struct thread *thread;
	const void *user_regs;
	bool open, record;

	if (!tid)
		return 0;
	open = wanted & WANT_FILE_OPENS && is_open(number);
	record = wanted & WANT_SYSCALLS && syscall_wanted(number);
	if (!open && !record && !(wanted & WANT_STATISTICS))
		return 0;
	thread = track(tid);
	if (!thread)
		return 0;
	user_regs = (const void *)ctx->args[0] + SYSCALL_REGISTERS_OFFSET;
	if (open) {
		if (bpf_probe_read_kernel(&regs, sizeof(regs), user_regs)) {
			COUNT(untracked);
			return 0;
		}
		/* what the tracepoint says holds even where a tracer changed the register */
		regs.number = number;
		open_syscall_entered(thread, &regs);
	}
	/* the other arguments are read when the call returns, if it is wanted then */
	if (record && RESULT_OVERWRITES_ARGUMENT1)
		bpf_probe_read_kernel(&thread->argument1, sizeof(thread->argument1),
				      user_regs + offsetof(struct syscall_registers, argument1));
	if (record || wanted & WANT_STATISTICS) {
		thread->number = number;
		thread->recorded = record;
		thread->call_start = open ? thread->open_start : bpf_ktime_get_ns();
	}
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = traced_thread();
	struct thread *thread;
	bool open;
	__u64 end;

	if (!tid)
		return 0;
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread)
		return 0;
	/* an open that another hook watches has returned before */
	open = thread->open_start && filter.wanted & WANT_FILE_OPENS;
	if (!open && !thread->call_start)
		return 0;
	/* not sooner: reading the clock is what costs most where nothing is wanted */
	end = bpf_ktime_get_ns();
	if (open)
		open_returned(ctx, thread, ctx->args[1], end);
	if (thread->call_start)
		syscall_returned(ctx, thread, (const void *)ctx->args[0], ctx->args[1], end);
	return 0;
}
