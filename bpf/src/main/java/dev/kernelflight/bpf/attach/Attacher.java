package dev.kernelflight.bpf.attach;

import dev.kernelflight.bpf.attach.Hook.Attachment;
import dev.kernelflight.bpf.attach.Hook.Attachment.Sampling;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.program.KernelBtf;
import dev.kernelflight.bpf.program.LoadedObject;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Cpus;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.PerfEvent;
import dev.kernelflight.bpf.sys.Tracefs;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Puts hooks in force. One instance serves one attempt on one thread. */
public final class Attacher {
  private final LoadedObject object;
  private @Nullable Btf kernelBtf;

  /** Attaches programs of this object, whose maps stay the object's. */
  public Attacher(LoadedObject object) {
    this.object = object;
  }

  /** Something about this kernel, and not an answer of it, that rules a hook out. */
  private static final class UnsuitableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnsuitableException(String reason) {
      super(reason);
    }
  }

  /**
   * Attaches all of a hook, or nothing of it.
   *
   * @throws RefusedException if it cannot be had
   */
  public AttachedHook attach(Hook hook) throws RefusedException {
    try {
      return hook.attachments().getFirst() instanceof Sampling sampling
          ? CpuSampler.attach(object, hook, sampling)
          : attachPrograms(hook);
    } catch (KernelException e) {
      throw new RefusedException(Refusal.of(hook, e));
    } catch (UnsuitableException e) {
      throw new RefusedException(new Refusal(hook, String.valueOf(e.getMessage()), false));
    }
  }

  /**
   * Attaches the first of some hooks that the kernel accepts.
   *
   * @param what is to be seen, in words, for the message of a failure
   * @param refused takes the refusals of those before it
   * @throws NoHookException with the reasons, if it accepts none
   */
  public AttachedHook attachFirst(String what, List<Hook> hooks, List<Refusal> refused)
      throws NoHookException {
    for (Hook hook : hooks) {
      try {
        return attach(hook);
      } catch (RefusedException e) {
        refused.add(e.refusal());
      }
    }
    throw new NoHookException(what, refused);
  }

  private AttachedHook attachPrograms(Hook hook) throws KernelException, UnsuitableException {
    Map<String, Fd> programs = new HashMap<>();
    List<Fd> links = new ArrayList<>();
    try {
      for (Attachment attachment : hook.attachments()) {
        Fd link = attach(attachment, programs);
        if (link != null) {
          links.add(link);
        }
      }
      return new AttachedPrograms(hook, programs, links);
    } catch (Throwable e) {
      links.forEach(Fd::close);
      programs.values().forEach(Fd::close);
      throw e;
    }
  }

  private @Nullable Fd attach(Attachment attachment, Map<String, Fd> programs)
      throws KernelException, UnsuitableException {
    switch (attachment) {
      case Sampling sampling -> throw new IllegalArgumentException("not with others: " + sampling);
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
      case Attachment.TracepointSwitch tracepoint -> {
        Fd program = load(tracepoint.program(), 0, programs);
        return Bpf.openRawTracepoint(tracepoint.tracepoint(), program);
      }
      case Attachment.ClassicTracepoint tracepoint -> {
        int id = Tracefs.tracepointId(tracepoint.tracepoint());
        Fd program = load(tracepoint.program(), 0, programs);
        return PerfEvent.openTracepoint(tracepoint.tracepoint(), id, firstOnlineCpu(), program);
      }
      case Attachment.KprobeMulti kprobe -> {
        Fd program = load(kprobe.program(), 0, programs);
        return Bpf.openKprobeMulti(kprobe.function(), program);
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

  private int trampolineTarget(Attachment.Trampoline trampoline) throws UnsuitableException {
    Btf btf = kernelBtf();
    OptionalInt function = btf.function(trampoline.function());
    if (function.isEmpty()) {
      throw new UnsuitableException("the kernel's BTF has no function " + trampoline.function());
    }
    int parameters = btf.parameters(function.getAsInt());
    if (parameters != trampoline.parameters()) {
      throw new UnsuitableException(
          trampoline.function()
              + " has "
              + parameters
              + " parameters on this kernel, and "
              + trampoline.parameters()
              + " were expected");
    }
    return function.getAsInt();
  }

  private Btf kernelBtf() throws UnsuitableException {
    if (kernelBtf == null) {
      try {
        kernelBtf = KernelBtf.read();
      } catch (NoSuchFileException e) {
        throw new UnsuitableException("the kernel was built without BTF: no " + KernelBtf.FILE);
      } catch (IOException | MalformedObjectException e) {
        throw new UnsuitableException("cannot read the kernel's BTF: " + e);
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
