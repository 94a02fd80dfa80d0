// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * File opens, system calls and CPU samples of one process or of all. File opens are seen behind
 * whichever hook the kernel has: fentry/fexit, kprobe/kretprobe or the raw syscall tracepoints. Every
 * hook only picks its arguments apart; open_entered() and open_returned() are the one body behind all
 * of them. System calls are seen by the tracepoints alone. Samples are taken by an event of each CPU.
 *
 * The entry remembers the arguments, the return sends the record. What arguments point to is read
 * on return: by then the kernel itself has read it, so that its page is resident, which at entry
 * it may not be.
 *
 * No kernel-private structure is touched: arguments come from UAPI pt_regs, from function
 * arguments, or from tracepoint arguments.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cpu_sample.h"
#include "file_open.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "GPL";

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

/*
 * Never attached: user space runs it on a CPU whose batches it wants. It interrupts what runs there,
 * which may be in the middle of a record: then there is nothing to be done but to ask again. Returns
 * how many batches that holds for.
 */
SEC("raw_tp/flush")
int flush(void *ctx)
{
	return send_what_waits(ctx, BATCH_OF_OPENS) + send_what_waits(ctx, BATCH_OF_SYSCALLS);
}

SEC("raw_tp/sched_process_exit")
int thread_exit(void *ctx)
{
	__u32 tid = traced_thread();

	if (tid)
		forget_thread(tid);
	return 0;
}

SEC("perf_event")
int cpu_sample(struct bpf_perf_event_data *ctx)
{
	if (traced_thread())
		sample(ctx);
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
	return openat2_returned(args, args[1], args[3]);
}

SEC("kprobe/do_sys_openat2")
int openat2_kprobe(struct pt_regs *regs)
{
	return openat2_entered(PT_REGS_PARM1(regs), PT_REGS_PARM2(regs),
			       (const void *)PT_REGS_PARM3(regs));
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
		COUNT(COUNTERS_OF_OPENS, untracked);
	else
		open_syscall_entered(thread, &entered);
	return 0;
}

SEC("kretprobe/open")
int open_kretprobe(struct pt_regs *regs)
{
	return openat2_returned(regs, ANY_PATH, PT_REGS_RC(regs));
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
			COUNT(COUNTERS_OF_OPENS, untracked);
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
		thread->call_epoch = filter.call_epoch;
		thread->call_start = open ? thread->open_start : bpf_ktime_get_ns();
	}
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = traced_thread();
	struct thread *thread;
	bool open, call;
	__u64 end;

	if (!tid)
		return 0;
	thread = find_thread(tid);
	if (!thread)
		return 0;
	/* an open that another hook watches has returned before */
	open = open_under_way(thread) && filter.wanted & WANT_FILE_OPENS;
	call = call_under_way(thread);
	if (!open && !call)
		return 0;
	/* not sooner: reading the clock is what costs most where nothing is wanted */
	end = bpf_ktime_get_ns();
	if (open)
		open_syscall_returned(ctx, thread, (const void *)ctx->args[0], ctx->args[1], end);
	if (call)
		syscall_returned(ctx, thread, (const void *)ctx->args[0], ctx->args[1], end);
	return 0;
}
