/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Where the user registers at a syscall's entry hold its number and arguments: the span of the
 * UAPI pt_regs that covers them, so that one read fetches all. They still hold them when the call
 * returns, but where RESULT_OVERWRITES_ARGUMENT1 is set.
 */
#ifndef KERNELFLIGHT_REGISTERS_H
#define KERNELFLIGHT_REGISTERS_H

#include <linux/ptrace.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include "state.h"

#if defined(__TARGET_ARCH_x86)

struct syscall_registers {
	__u64 argument4, argument6, argument5, rax, rcx, argument3, argument2, argument1;
	__u64 number;
};
#define SYSCALL_REGISTERS_OFFSET offsetof(struct pt_regs, r10)
#define RESULT_OVERWRITES_ARGUMENT1 0
/* What a call that is about to return leaves for user space. */
#define RESULT_OF(syscall_registers) ((syscall_registers)->rax)
/* Whether these registers were interrupted in user space. */
#define INTERRUPTED_USER(regs) (((regs)->cs & 3) != 0)
/* openat as the 32-bit calls number it; open, creat and openat2 have one number everywhere. */
#define COMPAT_OPENAT 295
#define TS_COMPAT 2		/* of thread_info.status: arch/x86/include/asm/thread_info.h */
#define USER32_CS 0x23		/* code segment of 32-bit programs: arch/x86/include/asm/segment.h */

#elif defined(__TARGET_ARCH_arm64)

struct syscall_registers {
	__u64 argument1, argument2, argument3, argument4, argument5, argument6, x6, x7;
	__u64 number;
};
#define SYSCALL_REGISTERS_OFFSET offsetof(struct user_pt_regs, regs)
#define RESULT_OVERWRITES_ARGUMENT1 1
#define RESULT_OF(syscall_registers) ((syscall_registers)->argument1)
#define COMPAT_OPENAT 322
#define INTERRUPTED_USER(regs) (((regs)->pstate & PSR_MODE_MASK) == PSR_MODE_EL0t)

#else
#error "no register layout for this architecture"
#endif

/*
 * Whether the call that is under way is of the 32-bit kind, with numbers and registers of its own.
 * arm64: 32-bit programs make no others, and 64-bit ones none. x86_64: a 64-bit program can, too, by
 * int 0x80, which only the kernel's own note tells; without knowing where that is, such calls are
 * taken for 64-bit ones, and those of 32-bit programs known by their code segment.
 */
static __always_inline bool in_compat_call(const void *user_regs)
{
#if defined(__TARGET_ARCH_x86)
	__u64 segment = 0;
	__u32 status = 0;

	if (compat_status_offset) {
		bpf_probe_read_kernel(&status, sizeof(status),
				      (const void *)bpf_get_current_task() + compat_status_offset);
		return status & TS_COMPAT;
	}
	bpf_probe_read_kernel(&segment, sizeof(segment), user_regs + offsetof(struct pt_regs, cs));
	return segment == USER32_CS;
#else
	__u64 state = 0;

	bpf_probe_read_kernel(&state, sizeof(state),
			      user_regs + offsetof(struct user_pt_regs, pstate));
	return state & PSR_MODE32_BIT;
#endif
}

/* Whether that number is one of a call that opens, if the call is of the 32-bit kind. */
static __always_inline bool is_compat_open(__u64 number)
{
	return number == 5 || number == 8 || number == COMPAT_OPENAT || number == 437;
}

#endif
