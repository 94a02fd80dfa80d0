/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The wire format between the BPF programs and the Java side: written here once, checked against
 * the Java decoders by a test that reads this object's BTF. All numbers are in host byte order;
 * both sides run on the same machine.
 */
#ifndef KERNELFLIGHT_EVENT_H
#define KERNELFLIGHT_EVENT_H

#include <linux/limits.h>
#include <linux/types.h>

#define COMM_LENGTH 16

enum event_type {
	EVENT_FILE_OPEN = 1,
};

/* Stands for "the kernel could not read it" in file_open_event.flags. */
#define FLAGS_UNREADABLE (~0ULL)

/* The start of every record. */
struct event {
	__u32 type;		/* enum event_type */
	__u32 tid;		/* as the traced process' PID namespace numbers it */
	__u64 start;		/* CLOCK_MONOTONIC, ns */
	__u64 end;		/* CLOCK_MONOTONIC, ns */
	char comm[COMM_LENGTH];	/* the kernel's name of the thread, NUL-terminated */
};

struct file_open_event {
	struct event header;
	__u64 flags;		/* O_*, without O_LARGEFILE; or FLAGS_UNREADABLE */
	__s32 result;		/* file descriptor, or -errno */
	__u32 mode;		/* permission bits asked for; 0 unless the call may create a file */
	__s32 directory;	/* what a relative path is relative to: descriptor or AT_FDCWD */
	__s32 path_length;	/* bytes of path without its NUL, or -errno if it was unreadable */
	char path[PATH_MAX];	/* cut after path_length + 1 bytes on the wire */
};

/* Written by user space at any time, read by every program run; one instance, mapped to both. */
struct filter {
	__u32 tgid;		/* the traced process, as the initial PID namespace numbers it */
	__u32 agent_tid;	/* the agent's own thread, as the process numbers it: never traced */
	__u64 file_open_threshold;	/* ns; shorter opens are not sent */
};

/* What happened to calls that should have become records; per CPU, ever growing. */
struct counters {
	__u64 sent;		/* records handed to the buffer */
	__u64 lost;		/* records that found the buffer full or missing */
	__u64 below_threshold;	/* calls not sent because they were too short */
	__u64 unpaired;		/* entries whose return was never seen */
	__u64 untracked;	/* calls not seen because the thread table was full */
};

#endif
