package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.PerfEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Tries hooks in order. One instance serves one attempt on one thread. */
public final class Attacher {
  private static final Path KERNEL_BTF = Path.of("/sys/kernel/btf/vmlinux");

  private final LoadedObject object;
  private @Nullable Btf kernelBtf;

  /** Attaches programs of this object, whose maps stay the object's. */
  public Attacher(LoadedObject object) {
    this.object = object;
  }

  /** A hook that cannot be had on this kernel, or not with these privileges. */
  private static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String reason;
    private final boolean permission;

    RefusedException(String reason, boolean permission) {
      super(reason);
      this.reason = reason;
      this.permission = permission;
    }
  }

  /**
   * Attaches the first candidate that the kernel accepts.
   *
   * @param what is to be seen, in words, for the message of a failure
   * @throws NoHookException with the reasons, if it accepts none
   */
  public AttachedHook attachFirst(String what, List<Hook> candidates) throws NoHookException {
    return attachFirst(what, candidates, List.of());
  }

  /**
   * The same after others that were not even tried.
   *
   * @param notTried those, and why, which the answer tells before the kernel's refusals
   */
  public AttachedHook attachFirst(String what, List<Hook> candidates, List<Refusal> notTried)
      throws NoHookException {
    List<Refusal> refusals = new ArrayList<>(notTried);
    for (Hook candidate : candidates) {
      Map<String, Fd> programs = new HashMap<>();
      List<Fd> links = new ArrayList<>();
      try {
        for (Attachment attachment : candidate.attachments()) {
          Fd link = attach(attachment, programs);
          if (link != null) {
            links.add(link);
          }
        }
        return new AttachedHook(candidate, refusals, programs, links);
      } catch (KernelException e) {
        refusals.add(Refusal.of(candidate, e));
      } catch (RefusedException e) {
        refusals.add(new Refusal(candidate, e.reason, e.permission));
      }
      links.forEach(Fd::close);
      programs.values().forEach(Fd::close);
    }
    throw new NoHookException(what, refusals);
  }

  private @Nullable Fd attach(Attachment attachment, Map<String, Fd> programs)
      throws KernelException, RefusedException {
    switch (attachment) {
      case Attachment.Trampoline trampoline -> {
        int function = trampolineTarget(trampoline);
        Fd program = load(trampoline.program(), function, programs);
        return Bpf.openTrampoline(trampoline.function(), program);
      }
      case Attachment.Kprobe kprobe -> {
        Fd program = load(kprobe.program(), 0, programs);
        try {
          return PerfEvent.openKprobe(
              kprobe.function(), kprobe.atReturn(), firstOnlineCpu(), program);
        } catch (KernelException e) {
          if (kprobe.optional() && !e.isPermission()) {
            return null;
          }
          throw e;
        }
      }
      case Attachment.RawTracepoint tracepoint -> {
        Fd program = load(tracepoint.program(), 0, programs);
        return Bpf.openRawTracepoint(tracepoint.tracepoint(), program);
      }
    }
  }

  private Fd load(String program, int targetBtfId, Map<String, Fd> programs)
      throws KernelException {
    Fd loaded = programs.get(program);
    if (loaded == null) {
      loaded = object.load(program, targetBtfId);
      programs.put(program, loaded);
    }
    return loaded;
  }

  private int trampolineTarget(Attachment.Trampoline trampoline) throws RefusedException {
    Btf btf = kernelBtf();
    OptionalInt function = btf.function(trampoline.function());
    if (function.isEmpty()) {
      throw new RefusedException(
          "the kernel's BTF has no function " + trampoline.function(), false);
    }
    int parameters = btf.parameters(function.getAsInt());
    if (parameters != trampoline.parameters()) {
      throw new RefusedException(
          trampoline.function()
              + " has "
              + parameters
              + " parameters on this kernel, and "
              + trampoline.parameters()
              + " were expected",
          false);
    }
    return function.getAsInt();
  }

  private Btf kernelBtf() throws RefusedException {
    if (kernelBtf == null) {
      try {
        kernelBtf = Btf.parse(ByteBuffer.wrap(Files.readAllBytes(KERNEL_BTF)));
      } catch (NoSuchFileException e) {
        throw new RefusedException("the kernel was built without BTF: no " + KERNEL_BTF, false);
      } catch (IOException | MalformedObjectException e) {
        throw new RefusedException("cannot read the kernel's BTF: " + e, false);
      }
    }
    return kernelBtf;
  }

  private static int firstOnlineCpu() {
    try {
      return Cpus.online().nextSetBit(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
