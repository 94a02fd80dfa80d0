package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.attach.Hook.Attachment.Kprobe;
import dev.kernelflight.bpf.attach.Hook.Attachment.Trampoline;
import java.util.ArrayList;
import java.util.List;

/**
 * The hooks of kernel functions that see file opens, in the order of their cost; what is left where
 * none can be had is the tracepoints of all system calls. {@code do_sys_openat2} is where open,
 * creat, openat and openat2 meet (since 5.6); a kernel that has it inlined or forbidden still has
 * {@code do_sys_open} or the entry functions of the system calls.
 */
public final class FileOpenHooks {
  private static final String OPENAT2 = "do_sys_openat2";
  private static final String OPEN = "do_sys_open";
  private static final List<String> SYSCALLS = List.of("openat", "open", "creat", "openat2");

  private FileOpenHooks() {}

  /** Those that see nothing but opens, cheapest first. */
  public static List<Hook> inOrder(Architecture architecture, KernelNames names) {
    return List.of(
        new Hook(
            HookKind.FENTRY,
            OPENAT2,
            List.of(
                new Trampoline("openat2_fexit", OPENAT2, 3),
                new Trampoline("openat2_fentry", OPENAT2, 3))),
        new Hook(
            HookKind.KPROBE,
            OPENAT2,
            List.of(
                new Kprobe("open_kretprobe", OPENAT2, true, false),
                new Kprobe("openat2_kprobe", OPENAT2, false, false))),
        openFunction(architecture),
        syscallFunctions(architecture, names));
  }

  /** Every kind of open but openat2, which is hooked at its system call. */
  private static Hook openFunction(Architecture architecture) {
    String openat2 = architecture.syscallFunction("openat2");
    return new Hook(
        HookKind.KPROBE,
        OPEN + ", " + openat2,
        List.of(
            new Kprobe("open_kretprobe", OPEN, true, false),
            new Kprobe("open_kprobe", OPEN, false, false),
            new Kprobe("open_kretprobe", openat2, true, true),
            new Kprobe("syscall_kprobe", openat2, false, true)));
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
    return new Hook(HookKind.KPROBE, String.join(", ", functions), attachments);
  }
}
