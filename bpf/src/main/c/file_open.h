/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* File opens: the one body behind every hook, which only picks its arguments apart. */
#ifndef KERNELFLIGHT_FILE_OPEN_H
#define KERNELFLIGHT_FILE_OPEN_H

#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <asm/unistd.h>
#include "java_thread.h"
#include "registers.h"
#include "state.h"

static __always_inline void open_entered(struct thread *thread, __s32 directory, __u64 path, __u64 flags,
					 __u32 mode, __u64 user_how)
{
	if (open_returned_unseen(thread))
		COUNT(COUNTERS_OF_OPENS, unpaired);
	thread->open_epoch = filter.open_epoch;
	thread->path = path;
	thread->user_how = user_how;
	thread->flags = flags;
	thread->mode = mode;
	thread->directory = directory;
	/* last, so that our own work is not in the duration */
	thread->open_start = bpf_ktime_get_ns();
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
	struct batch *batch;
	__u64 size = 0;
	__u64 start;
	long length;

	start = thread->open_start;
	thread->open_start = 0;
	if (end - start < filter.file_open_threshold ||
	    (result >= 0 && filter.wanted & WANT_FAILED_OPENS_ONLY)) {
		COUNT(COUNTERS_OF_OPENS, filtered);
		return;
	}
	batch = batch_of_this_cpu(BATCH_OF_OPENS);
	if (!batch)
		return;
	event = begin_record(batch, BATCH_OF_OPENS);
	if (!event)
		return;
	event->header.type = EVENT_FILE_OPEN;
	event->header.tid = thread->tid;
	event->header.pid = thread->pid;
	event->header.start = start;
	event->header.end = end;
	event->header.java_thread = java_thread(thread->tid);
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
		COUNT(COUNTERS_OF_OPENS, filtered);
		drop_record(batch);
		return;
	}
	if (length > 0) {
		/* the NUL is not counted: so what is masked has a power of two for its limit */
		size = length - 1;
		BOUND(size, PATH_MAX);
		event->path_length = size;
		size++;
	} else {
		event->path_length = length;
	}
	add_record(ctx, batch, BATCH_OF_OPENS, &event->header,
		   offsetof(struct file_open_event, path) + size);
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

/*
 * Return of any system call while an open is under way. Where the kernel preempts programs it may have
 * skipped the one that ran when that open returned: then this is the return of another call, which has
 * nothing to do with it.
 */
static __always_inline void open_syscall_returned(void *ctx, struct thread *thread,
						  const void *user_regs, __s32 result, __u64 end)
{
	struct syscall_registers regs;
	__u64 path;

	if (bpf_probe_read_kernel(&regs, sizeof(regs), user_regs + SYSCALL_REGISTERS_OFFSET)) {
		COUNT(COUNTERS_OF_OPENS, untracked);
		thread->open_start = 0;
		return;
	}
	path = regs.number == __NR_openat || regs.number == __NR_openat2 ? regs.argument2 :
									   regs.argument1;
	if (is_open(regs.number) && path == thread->path)
		open_returned(ctx, thread, result, end);
	else
		thread->open_start = 0;
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

/* Where a hook is not told what the function that returns was called with. */
#define ANY_PATH (~0ULL)

/*
 * Return of do_sys_openat2. From Linux 7.2 it returns an int: only the low half of the register is the
 * result.
 */
static __always_inline int openat2_returned(void *ctx, __u64 path, __u64 result)
{
	__u32 tid = traced_thread();
	struct thread *thread;

	if (!tid)
		return 0;
	thread = find_thread(tid);
	if (!thread || !open_under_way(thread))
		return 0;
	if (path == ANY_PATH || path == thread->path)
		open_returned(ctx, thread, (__s32)result, bpf_ktime_get_ns());
	else
		thread->open_start = 0; /* see open_syscall_returned() */
	return 0;
}

#endif
