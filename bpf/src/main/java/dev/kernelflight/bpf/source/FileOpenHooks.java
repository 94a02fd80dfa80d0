package dev.kernelflight.bpf.source;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.attach.Hook.Attachment.Kprobe;
import dev.kernelflight.bpf.attach.Hook.Attachment.Trampoline;
import dev.kernelflight.bpf.attach.HookKind;
import java.util.ArrayList;
import java.util.List;

/**
 * The hooks of kernel functions that see file opens, in the order of their cost; what is left where
 * none can be had is the tracepoints of all system calls. {@code do_sys_openat2} is where open,
 * creat, openat and openat2 meet (since 5.6); a kernel that has it inlined or forbidden still has
 * the entry functions of the system calls. {@code do_sys_open} lies between the two but is none of
 * them: compilers copy it into its callers, and a probe of what is left of it is accepted and sees
 * nothing.
 */
public final class FileOpenHooks {
  private static final String OPENAT2 = "do_sys_openat2";
  private static final List<String> SYSCALLS = List.of("openat", "open", "creat", "openat2");

  private FileOpenHooks() {}

  /** Those that see nothing but opens, cheapest first. */
  public static List<Hook> inOrder(Architecture architecture, KernelNames names) {
    return List.of(
        new Hook(
            HookKind.FENTRY,
            OPENAT2,
            List.of(
                new Trampoline("openat2_fexit", OPENAT2, true, 3),
                new Trampoline("openat2_fentry", OPENAT2, false, 3))),
        new Hook(
            HookKind.KPROBE,
            OPENAT2,
            List.of(
                new Kprobe("open_kretprobe", OPENAT2, true, false),
                new Kprobe("openat2_kprobe", OPENAT2, false, false))),
        syscallFunctions(architecture, names));
  }

  private static Hook syscallFunctions(Architecture architecture, KernelNames names) {
    List<Attachment> attachments = new ArrayList<>();
    List<String> functions = new ArrayList<>();
    for (String syscall : SYSCALLS) {
      if (names.hasSyscall(syscall)) {
        String function = architecture.syscallFunction(syscall);
        boolean optional = !syscall.equals("openat");
        attachments.add(new Kprobe("open_kretprobe", function, true, optional));
        attachments.add(new Kprobe("syscall_kprobe", function, false, optional));
        functions.add(function);
      }
    }
    for (String function : compatFunctions(architecture)) {
      attachments.add(new Kprobe("compat_syscall_kprobe", function, false, true));
    }
    return new Hook(HookKind.KPROBE, String.join(", ", functions), attachments);
  }

  /** What only calls of the 32-bit kind enter by, which are counted there. */
  private static List<String> compatFunctions(Architecture architecture) {
    return switch (architecture) {
      case X86_64 ->
          List.of(
              "__ia32_compat_sys_openat",
              "__ia32_compat_sys_open",
              "__ia32_sys_creat",
              "__ia32_sys_openat2");
      case AARCH64 ->
          List.of("__arm64_compat_sys_openat", "__arm64_compat_sys_open", "__arm64_sys_creat");
    };
  }
}
