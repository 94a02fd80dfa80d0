// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * File opens of one process, behind whichever hook the kernel has: fentry/fexit, kprobe/kretprobe
 * or the raw syscall tracepoints. Every hook only picks its arguments apart; open_entered() and
 * open_returned() are the one body behind all of them.
 *
 * The entry remembers the arguments, the return sends the record. The path is read on return: by
 * then the kernel itself has read it, so that its page is resident, which at entry it may not be.
 *
 * No kernel-private structure is touched: arguments come from UAPI pt_regs, from function
 * arguments, or from tracepoint arguments.
 */
#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <asm/unistd.h>
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
	__u64 start;		/* ns; 0 while no open is under way */
	__u64 path;		/* user address */
	__u64 user_how;		/* user address of struct open_how, to be read on return, or 0 */
	__u64 flags;
	__u32 mode;
	__s32 directory;
	__u32 tid;		/* as the process sees it */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct thread);
} threads SEC(".maps");

/* Too large for the BPF stack; one program run at a time uses a CPU's instance. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_open_event);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

#define COUNT(what)                                                                   \
	do {                                                                          \
		__u32 zero_ = 0;                                                      \
		struct counters *counters_ = bpf_map_lookup_elem(&counters, &zero_); \
		if (counters_)                                                        \
			counters_->what++;                                            \
	} while (0)

/* The calling thread's host-wide id if it is one of the traced process, else 0. */
static __always_inline __u32 traced_thread(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	return id >> 32 == filter.tgid ? (__u32)id : 0;
}

static __always_inline struct thread *track(__u32 tid)
{
	struct thread *known = bpf_map_lookup_elem(&threads, &tid);
	struct bpf_pidns_info ids = {};
	struct thread fresh = {};

	if (known)
		return known;
	if (bpf_get_ns_current_pid_tgid(pid_namespace_dev, pid_namespace_ino, &ids, sizeof(ids)))
		goto untracked;
	fresh.tid = ids.pid;
	if (bpf_map_update_elem(&threads, &tid, &fresh, BPF_ANY))
		goto untracked;
	known = bpf_map_lookup_elem(&threads, &tid);
	if (known)
		return known;
untracked:
	COUNT(untracked);
	return NULL;
}

static __always_inline void open_entered(__u32 tid, __s32 directory, __u64 path, __u64 flags,
					 __u32 mode, __u64 user_how)
{
	struct thread *thread = track(tid);

	if (!thread || thread->tid == filter.agent_tid)
		return;
	if (thread->start)
		COUNT(unpaired);
	thread->path = path;
	thread->user_how = user_how;
	thread->flags = flags;
	thread->mode = mode;
	thread->directory = directory;
	/* last, so that our own work is not in the duration */
	thread->start = bpf_ktime_get_ns();
}

static __always_inline long send(void *ctx, void *record, __u64 size)
{
	if (!use_ring_buffer)
		return bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, record, size);
	return bpf_ringbuf_output(&events, record, size,
				  bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= wakeup_bytes ?
					  BPF_RB_FORCE_WAKEUP :
					  BPF_RB_NO_WAKEUP);
}

static __always_inline int open_returned(void *ctx, __s32 result)
{
	__u32 tid = traced_thread();
	struct file_open_event *event;
	struct thread *thread;
	struct open_how how;
	__u64 start, end;
	__u32 zero = 0;
	long length;

	if (!tid)
		return 0;
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread || !thread->start)
		return 0;
	/* not sooner: most syscalls are no opens, and reading the clock is what costs them most */
	end = bpf_ktime_get_ns();
	start = thread->start;
	thread->start = 0;
	if (end - start < filter.file_open_threshold) {
		COUNT(below_threshold);
		return 0;
	}
	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event)
		return 0;
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
	if (length > 0 && length <= (long)sizeof(event->path)) {
		event->path_length = length - 1;
	} else {
		event->path_length = length;
		length = 0;
	}
	if (send(ctx, event, offsetof(struct file_open_event, path) + length))
		COUNT(lost);
	else
		COUNT(sent);
	return 0;
}

/*
 * What open, openat and creat make of their arguments before do_sys_openat2 sees them; applied
 * where the hook lies before that, so that every hook tells the same.
 */
static __always_inline void open_requested(__u32 tid, __s32 directory, __u64 path, __u32 flags,
					   __u32 mode)
{
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		mode &= 07777;
	else
		mode = 0;
	open_entered(tid, directory, path, flags, mode, 0);
}

/* Entry of any syscall; user_regs are the registers that the process entered the kernel with. */
static __always_inline void syscall_entered(__u32 tid, const void *user_regs, __u64 number)
{
	struct syscall_registers regs;

	if (number != __NR_openat && number != __NR_openat2
#ifdef __NR_open
	    && number != __NR_open && number != __NR_creat
#endif
	)
		return;
	if (bpf_probe_read_kernel(&regs, sizeof(regs), user_regs + SYSCALL_REGISTERS_OFFSET)) {
		COUNT(untracked);
		return;
	}
	if (number == __NR_openat2)
		open_entered(tid, regs.argument1, regs.argument2, 0, 0, regs.argument3);
	else if (number == __NR_openat)
		open_requested(tid, regs.argument1, regs.argument2, regs.argument3,
			       regs.argument4);
#ifdef __NR_open
	else if (number == __NR_open)
		open_requested(tid, AT_FDCWD, regs.argument1, regs.argument2, regs.argument3);
	else
		open_requested(tid, AT_FDCWD, regs.argument1, O_CREAT | O_WRONLY | O_TRUNC,
			       regs.argument2);
#endif
}

/* Entry of do_sys_openat2, which open, openat, openat2 and creat all end in. */
static __always_inline int openat2_entered(__s32 directory, __u64 path, const void *kernel_how)
{
	__u32 tid = traced_thread();
	struct open_how how;

	if (!tid)
		return 0;
	if (bpf_probe_read_kernel(&how, sizeof(how), kernel_how))
		how = (struct open_how){ .flags = FLAGS_UNREADABLE };
	open_entered(tid, directory, path, how.flags, how.mode, 0);
	return 0;
}

/* From Linux 7.2 do_sys_openat2 returns an int: only the low half of the register is the result. */
static __always_inline int openat2_returned(void *ctx, __u64 result)
{
	return open_returned(ctx, (__s32)result);
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

	if (tid)
		open_requested(tid, PT_REGS_PARM1(regs), PT_REGS_PARM2(regs), PT_REGS_PARM3(regs),
			       PT_REGS_PARM4(regs));
	return 0;
}

/* The architecture's entry function of one syscall, whose only argument is the user registers. */
SEC("kprobe/syscall")
int syscall_kprobe(struct pt_regs *regs)
{
	const void *user_regs = (const void *)PT_REGS_PARM1(regs);
	__u32 tid = traced_thread();
	__u64 number;

	if (tid && !bpf_probe_read_kernel(&number, sizeof(number),
					  user_regs + SYSCALL_REGISTERS_OFFSET +
						  offsetof(struct syscall_registers, number)))
		syscall_entered(tid, user_regs, number);
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

	if (tid)
		syscall_entered(tid, (const void *)ctx->args[0], ctx->args[1]);
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return open_returned(ctx, ctx->args[1]);
}
