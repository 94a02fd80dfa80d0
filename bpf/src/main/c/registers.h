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
#include <stddef.h>

#if defined(__TARGET_ARCH_x86)

struct syscall_registers {
	__u64 argument4, argument6, argument5, rax, rcx, argument3, argument2, argument1;
	__u64 number;
};
#define SYSCALL_REGISTERS_OFFSET offsetof(struct pt_regs, r10)
#define RESULT_OVERWRITES_ARGUMENT1 0
/* Whether these registers were interrupted in user space. */
#define INTERRUPTED_USER(regs) (((regs)->cs & 3) != 0)

#elif defined(__TARGET_ARCH_arm64)

struct syscall_registers {
	__u64 argument1, argument2, argument3, argument4, argument5, argument6, x6, x7;
	__u64 number;
};
#define SYSCALL_REGISTERS_OFFSET offsetof(struct user_pt_regs, regs)
#define RESULT_OVERWRITES_ARGUMENT1 1
#define INTERRUPTED_USER(regs) (((regs)->pstate & PSR_MODE_MASK) == PSR_MODE_EL0t)

#else
#error "no register layout for this architecture"
#endif

#endif
