// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * File opens, system calls and CPU samples of one process or of all. File opens are seen behind
 * whichever hook the kernel has: fentry/fexit, kprobe/kretprobe or the syscall tracepoints. Every
 * hook only picks its arguments apart; open_entered() and open_returned() are the one body behind all
 * of them. System calls are seen by the tracepoints alone, to which there are three ways; call_entered()
 * and call_returned() are behind those. Samples are taken by an event of each CPU.
 *
 * The entry remembers the arguments, the return sends the record. What arguments point to is read
 * on return: by then the kernel itself has read it, so that its page is resident, which at entry
 * it may not be.
 *
 * Arguments come from UAPI pt_regs, from function arguments, or from tracepoint arguments. Of the
 * kernel's private structures one number is read, at an offset that its BTF tells: see in_compat_call().
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cpu_sample.h"
#include "file_open.h"
#include "signal.h"
#include "syscall.h"

char LICENSE[] SEC("license") = "GPL";

/* Brings the types of the wire format into the object's BTF. */
const volatile struct wire wire;

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

/*
 * Never attached: user space runs it for the place in thread_statistics that its first argument names.
 * It could do so itself, but not without bpf(2), see counters.
 */
SEC("raw_tp/free_statistics")
int free_place(struct bpf_raw_tracepoint_args *ctx)
{
	free_statistics(ctx->args[0]);
	return 0;
}

static __always_inline void thread_ended(void)
{
	__u32 tid = traced_thread();

	if (tid)
		forget_thread(tid);
}

SEC("raw_tp/sched_process_exit")
int thread_exit(void *ctx)
{
	thread_ended();
	return 0;
}

SEC("perf_event")
int cpu_sample(struct bpf_perf_event_data *ctx)
{
	if (traced_thread())
		sample(ctx);
	return 0;
}

SEC("raw_tp/signal_deliver")
int signal_deliver(struct bpf_raw_tracepoint_args *ctx)
{
	if (traced_thread())
		signal_delivered(ctx, ctx->args[0], (const void *)ctx->args[1]);
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
	/* arm64 has one function for the openat2 of both kinds */
	if (in_compat_call(user_regs)) {
		COUNT(COUNTERS_OF_OPENS, compat);
		return 0;
	}
	thread = track(tid);
	if (!thread)
		return 0;
	if (bpf_probe_read_kernel(&entered, sizeof(entered), user_regs + SYSCALL_REGISTERS_OFFSET))
		COUNT(COUNTERS_OF_OPENS, untracked);
	else
		open_syscall_entered(thread, &entered);
	return 0;
}

/* The same of a call of the 32-bit kind. */
SEC("kprobe/compat_syscall")
int compat_syscall_kprobe(void *ctx)
{
	if (traced_thread())
		COUNT(COUNTERS_OF_OPENS, compat);
	return 0;
}

SEC("kretprobe/open")
int open_kretprobe(struct pt_regs *regs)
{
	return openat2_returned(regs, ANY_PATH, PT_REGS_RC(regs));
}

/*
 * Entry of any system call.
 *
 * user_regs	the registers that it was entered with
 * number	as the kernel goes by it, also where a tracer changed the register
 */
static __always_inline void call_entered(const void *user_regs, __u64 number)
{
	__u32 tid = traced_thread();
	__u32 wanted = filter.wanted;
	bool open, compat_open, record, any;
	struct syscall_registers regs;
	struct thread *thread;

	if (!tid)
		return;
	open = wanted & WANT_FILE_OPENS && is_open(number);
	compat_open = wanted & WANT_FILE_OPENS && is_compat_open(number);
	record = wanted & WANT_SYSCALLS && syscall_wanted(number);
	any = wanted & (WANT_SYSCALLS | WANT_STATISTICS);
	if (!open && !compat_open && !record && !(wanted & WANT_STATISTICS))
		return;
	if (in_compat_call(user_regs)) {
		/* which of them are wanted is not known by a 64-bit call's number */
		if (compat_open || any)
			COUNT(COUNTERS_OF_SYSCALLS, compat);
		thread = find_thread(tid);
		if (thread) {
			/* what is under way all the same had its return skipped */
			thread->call_start = 0;
			if (wanted & WANT_FILE_OPENS)
				thread->open_start = 0;
		}
		return;
	}
	if (!open && !record && !(wanted & WANT_STATISTICS))
		return;
	thread = track(tid);
	if (!thread)
		return;
	if (open) {
		if (bpf_probe_read_kernel(&regs, sizeof(regs),
					  user_regs + SYSCALL_REGISTERS_OFFSET)) {
			COUNT(COUNTERS_OF_OPENS, untracked);
			return;
		}
		regs.number = number;
		open_syscall_entered(thread, &regs);
	}
	/* the other arguments are read when the call returns, if it is wanted then */
	if (record && RESULT_OVERWRITES_ARGUMENT1)
		bpf_probe_read_kernel(&thread->argument1, sizeof(thread->argument1),
				      user_regs + SYSCALL_REGISTERS_OFFSET +
					      offsetof(struct syscall_registers, argument1));
	if (record || wanted & WANT_STATISTICS) {
		thread->number = number;
		thread->recorded = record;
		thread->call_epoch = filter.call_epoch;
		thread->call_start = open ? thread->open_start : bpf_ktime_get_ns();
	}
}

/* Return of any system call. */
static __always_inline void call_returned(void *ctx, const void *user_regs, __s64 result)
{
	__u32 tid = traced_thread();
	struct thread *thread;
	bool open, call;
	__u64 end;

	if (!tid)
		return;
	thread = find_thread(tid);
	if (!thread)
		return;
	/* an open that another hook watches has returned before */
	open = open_under_way(thread) && filter.wanted & WANT_FILE_OPENS;
	call = call_under_way(thread);
	if (!open && !call)
		return;
	/* not sooner: reading the clock is what costs most where nothing is wanted */
	end = bpf_ktime_get_ns();
	if (open)
		open_syscall_returned(ctx, thread, user_regs, result, end);
	if (call)
		syscall_returned(ctx, thread, user_regs, result, end);
}

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	call_entered((const void *)ctx->args[0], ctx->args[1]);
	return 0;
}

SEC("raw_tp/sys_exit")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	call_returned(ctx, (const void *)ctx->args[0], ctx->args[1]);
	return 0;
}

/*
 * The same for kernels that preempt a raw tracepoint's program, which the kernel then skips for others.
 * A classic tracepoint's runs with preemption off. What it returns decides whether the kernel goes on
 * to the perf events that others have at the tracepoint.
 */
#define OTHERS_GO_ON 1

/* What the kernel's events/raw_syscalls/sys_enter/format says, and sys_exit's. */
struct classic_syscall {
	__u64 common;
	__s64 number;
	__s64 result;	/* of sys_exit; sys_enter has the arguments here */
};

static __always_inline const void *user_registers(void)
{
	return (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

SEC("tracepoint/sys_enter")
int sys_enter_classic(struct classic_syscall *ctx)
{
	call_entered(user_registers(), ctx->number);
	return OTHERS_GO_ON;
}

SEC("tracepoint/sys_exit")
int sys_exit_classic(struct classic_syscall *ctx)
{
	call_returned(ctx, user_registers(), ctx->result);
	return OTHERS_GO_ON;
}

SEC("tracepoint/sched_process_exit")
int thread_exit_classic(void *ctx)
{
	thread_ended();
	return OTHERS_GO_ON;
}

/*
 * The same for where neither perf events nor the tracepoints' ids can be had: the kernel's functions
 * that run the tracepoints, whose first argument is the user registers. They run only while the
 * tracepoints are on, which the program "nothing" sees to.
 */
SEC("kprobe.multi/sys_enter")
int sys_enter_multi(struct pt_regs *regs)
{
	const void *user_regs = (const void *)PT_REGS_PARM1(regs);
	struct syscall_registers entered;

	if (traced_thread() &&
	    !bpf_probe_read_kernel(&entered, sizeof(entered), user_regs + SYSCALL_REGISTERS_OFFSET))
		call_entered(user_regs, entered.number);
	return 0;
}

SEC("kprobe.multi/sys_exit")
int sys_exit_multi(struct pt_regs *regs)
{
	const void *user_regs = (const void *)PT_REGS_PARM1(regs);
	struct syscall_registers left;

	if (traced_thread() &&
	    !bpf_probe_read_kernel(&left, sizeof(left), user_regs + SYSCALL_REGISTERS_OFFSET))
		call_returned(regs, user_regs, RESULT_OF(&left));
	return 0;
}

SEC("kprobe.multi/do_exit")
int thread_exit_multi(void *ctx)
{
	thread_ended();
	return 0;
}

SEC("raw_tp/nothing")
int nothing(void *ctx)
{
	return 0;
}
