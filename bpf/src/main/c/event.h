/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The wire format between the BPF programs and the Java side, written here once: bpf/build-objects
 * makes the Java class Wire from the objects' BTF, see struct wire. All numbers are in host byte order;
 * both sides run on the same machine.
 */
#ifndef KERNELFLIGHT_EVENT_H
#define KERNELFLIGHT_EVENT_H

#include <linux/limits.h>
#include <linux/types.h>

#define COMM_LENGTH 16

/* Sizes of tables that both sides index. */
enum table_size {
	MAX_SYSCALLS = 1024,	/* numbers of system calls are below; others are not traced but counted */
	CARRIERS = 1024,	/* a power of two */
};

enum event_type {
	EVENT_FILE_OPEN = 1,
	EVENT_SYSCALL = 2,
	EVENT_CPU_SAMPLE = 3,
	EVENT_SIGNAL = 4,
};

/* Stands for "the kernel could not read it" in file_open_event.flags. */
#define FLAGS_UNREADABLE (~0ULL)

/*
 * The same for event.java_thread: reading memory must not wait for a page, and the kernel may have
 * taken this one away for a moment, be it only to see whether it is used.
 */
#define JAVA_THREAD_UNREADABLE (~0ULL)

/* The start of every record. */
struct event {
	__u32 type;		/* enum event_type */
	__u32 tid;		/* as the reader's PID namespace numbers it */
	__u32 pid;		/* the process, likewise */
	__u32 size;		/* bytes of the record, a multiple of 8: the next may follow */
	__u64 start;		/* CLOCK_MONOTONIC, ns */
	__u64 end;		/* CLOCK_MONOTONIC, ns */
	__u64 java_thread;	/* Thread.threadId() of what ran on a carrier, or */
				/* JAVA_THREAD_UNREADABLE; 0 elsewhere */
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

#define DETAIL_LENGTH 256	/* a power of two */
#define SYSCALL_ARGUMENTS 6

struct syscall_event {
	struct event header;
	__s64 result;		/* what the call returned, or -errno */
	__u64 arguments[SYSCALL_ARGUMENTS];
	__u32 number;
	__s32 detail_length;	/* bytes of detail, or -errno if it was unreadable */
	char detail[DETAIL_LENGTH];	/* what an argument points to, cut after detail_length */
};

#define SAMPLE_FRAMES 127	/* as many as kernel.perf_event_max_stack allows unless it is raised */

enum sample_mode {
	SAMPLE_USER = 0,
	SAMPLE_KERNEL = 1,
};

/* What a CPU did at a moment, header.start. */
struct cpu_sample_event {
	struct event header;
	__u32 cpu;
	__u32 mode;		/* enum sample_mode */
	__s32 stack_length;	/* bytes of stack, or -errno if it could not be had */
	__u32 reserved;
	__u64 stack[SAMPLE_FRAMES];	/* kernel addresses, innermost first, cut after stack_length */
};

/* Stands for "no process sent it" in signal_event.sender_pid. */
#define NO_SENDER (-1)

/* A signal that reached a thread, at header.start. */
struct signal_event {
	struct event header;
	__s32 number;
	__s32 code;		/* SI_* of siginfo_t: why it was sent */
	__s32 sender_pid;	/* as the receiver's PID namespace numbers it, 0 if the sender is in */
				/* none of its; or NO_SENDER */
	__u32 sender_uid;	/* as the receiver's user namespace numbers it */
};

#define BATCH_BYTES 1024	/* a batch that has so many is sent; a power of two */
#define BATCH_SPACE 8192	/* of which the last record may begin below BATCH_BYTES */

/* What has a batch of its own on each CPU, since programs that write them may interleave. */
enum batch_of {
	BATCH_OF_OPENS = 0,
	BATCH_OF_SYSCALLS = 1,
	BATCHES = 2,		/* elements of a CPU */
};

/*
 * Records of a CPU that wait to be sent together, which costs little more than to send one. User
 * space reads whether some wait, and has them sent by the program "flush".
 */
struct batch {
	__u32 used;		/* bytes of data, a multiple of 8 */
	__u32 records;		/* so many are in them */
	__u32 busy;		/* whether one is being written: no other program may touch the batch */
	__u32 reserved;
	union {
		__u8 bytes[BATCH_SPACE];	/* records, one behind the other */
		struct file_open_event file_open;	/* as the first may be */
		struct syscall_event syscall;
	} data;
};

/* What of a system call's arguments is sent besides their numbers; one for each number. */
enum detail_kind {
	DETAIL_NONE = 0,
	DETAIL_PATH = 1,	/* a string */
	DETAIL_BYTES = 2,	/* so many bytes as another argument says */
	DETAIL_BYTES_BY_REFERENCE = 3,	/* so many bytes as another argument points to */
};

struct detail {
	__u8 kind;		/* enum detail_kind */
	__u8 argument;		/* index of the pointer */
	__u8 length_argument;	/* index of the length, or of the pointer to it */
	__u8 reserved;
};

#define PREFIXES 8
#define PREFIX_WORDS 8

/* The start of a path: a word of the path under the mask equals that of the value. */
struct path_prefix {
	__u64 value[PREFIX_WORDS];
	__u64 mask[PREFIX_WORDS];
};

/* A thread that runs virtual threads; written by user space, read on that thread. */
struct carrier {
	__u32 tid;		/* as the traced process numbers it; 0 for none */
	__u32 reserved;
	__u64 current_id;	/* user address of the id of the Java thread that runs on it */
};

/* Bits of filter.wanted. */
enum wanted {
	WANT_FILE_OPENS = 1,	/* only for hooks that see more than opens */
	WANT_SYSCALLS = 2,
	WANT_STATISTICS = 4,
	WANT_STATISTICS_BY_THREAD = 8,
	WANT_FAILED_OPENS_ONLY = 16,
	WANT_FAILED_SYSCALLS_ONLY = 32,
	WANT_OWN_SIGNALS = 64,	/* also what a process sends to its own threads, and faults */
};

/* Which processes are traced. */
enum scope {
	SCOPE_SELF = 0,		/* the one that loads the programs */
	SCOPE_PROCESS = 1,	/* another one */
	SCOPE_ALL = 2,		/* all but the one that loads the programs */
};

/* Written by user space at any time, read by every program run; one instance, mapped to both. */
struct filter {
	__u32 tgid;		/* of the scope, as the initial PID namespace numbers it; 0 if unknown */
	__u32 agent_tid;	/* the agent's own thread, as the process numbers it: never traced */
	__u32 wanted;		/* enum wanted */
	__u32 period;		/* grows by one whenever the statistics are collected */
	__u32 open_epoch;	/* grows by one when opens begin to be wanted: what a thread */
	__u32 call_epoch;	/* entered in an older one returned unseen; and for system calls */
	__u64 file_open_threshold;	/* ns; shorter opens are not sent */
	__u64 syscall_threshold;	/* ns; shorter calls are not sent, but are in the statistics */
	__u64 syscalls[MAX_SYSCALLS / 64];	/* bitmap of the calls that are sent */
	__u64 prefix_count;	/* opens of other paths are not sent; 0 for no such filter */
	struct path_prefix prefixes[PREFIXES];
};

/* What happened to calls that should have become records; per CPU, ever growing. */
struct counters {
	__u64 sent;		/* records handed to the buffer */
	__u64 lost;		/* records that found the buffer full or missing */
	__u64 filtered;		/* calls that nobody wanted: too short, no error, another path */
	__u64 unpaired;		/* entries whose return was never seen */
	__u64 untracked;	/* calls not seen because a table was full */
	__u64 compat;		/* calls of the 32-bit kind, whose numbers and registers are others */
};

/*
 * By what is counted, since programs interrupt each other in the middle of counting: samples and
 * flush any other, and on kernels that preempt them those of opens those of system calls.
 */
enum counters_of {
	COUNTERS_OF_OPENS = BATCH_OF_OPENS,
	COUNTERS_OF_SYSCALLS = BATCH_OF_SYSCALLS,
	COUNTERS_OF_SAMPLES,
	COUNTERS_OF_SIGNALS,
	COUNTERS,
};

/* All of a CPU, in cache lines of its own. Mapped by user space. */
struct cpu_counters {
	struct counters of[COUNTERS];
};

#define HISTOGRAM_BUCKETS 40

/* Which calls are counted together where statistics are by thread. */
struct statistics_key {
	__u32 tid;		/* as the traced process numbers it; never 0 */
	__u32 number;
};

/*
 * All calls of one kind, of a CPU or of a thread; ever growing but for max, which is that of a
 * period.
 */
struct statistics {
	__u64 count;
	__u64 errors;
	__u64 total;		/* ns */
	__u64 max[2];		/* ns; of even and of odd periods, valid for this and the last one */
	__u32 period;		/* of the latest call */
	__u32 reserved;
	__u64 histogram[HISTOGRAM_BUCKETS];	/* calls of 2^i to 2^(i+1)-1 ns */
};

/* The same of one thread; a place in a table that user space maps. */
struct thread_statistics {
	union {
		struct statistics_key key;
		__u64 taken;	/* the whole key, set and cleared at once; 0 for a free place */
	};
	struct statistics of_calls;
};

/*
 * What Java knows of this file: its class Wire has the offsets and constants of these members' types.
 * The arrays take no space, and no program reads the rest.
 */
struct wire {
	enum table_size table_size;
	enum event_type event_type;
	enum sample_mode sample_mode;
	enum batch_of batch_of;
	enum detail_kind detail_kind;
	enum wanted wanted;
	enum scope scope;
	struct event event[0];
	struct file_open_event file_open_event[0];
	struct syscall_event syscall_event[0];
	struct cpu_sample_event cpu_sample_event[0];
	struct signal_event signal_event[0];
	struct batch batch[0];
	struct detail detail[0];
	struct path_prefix path_prefix[0];
	struct carrier carrier[0];
	struct filter filter[0];
	struct counters counters[0];
	struct cpu_counters cpu_counters[0];
	struct statistics_key statistics_key[0];
	struct statistics statistics[0];
	struct thread_statistics thread_statistics[0];
};

#endif
