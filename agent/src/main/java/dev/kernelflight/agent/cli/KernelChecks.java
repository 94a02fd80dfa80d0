package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.AgentOptions;
import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.Tracer.Buffer;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.CurrentProcess.MemoryWindow;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What this kernel does for this process, each thing tried as the agent does it. What is refused is
 * a failure only where nothing else takes its place.
 */
final class KernelChecks {
  private static final Path BTF = Path.of("/sys/kernel/btf/vmlinux");
  private static final Path LOCKDOWN = Path.of("/sys/kernel/security/lockdown");
  private static final Path SYSCTL = Path.of("/proc/sys/kernel");
  private static final int LEAST_PAGES = 16;

  private final List<Check> checks = new ArrayList<>();
  private Optional<Buffer> buffer = Optional.empty();
  private Optional<Hook> fileOpens = Optional.empty();
  private boolean syscalls;
  private boolean cpuSamples;

  /** Something to try. */
  @FunctionalInterface
  private interface Attempt<T> {
    T make() throws NoHookException, KernelException, IOException;
  }

  /** What came of it: one of the two. */
  private record Result<T>(Optional<T> value, Optional<Throwable> failure) {
    static <T> Result<T> of(Attempt<T> attempt) {
      try {
        return new Result<>(Optional.of(attempt.make()), Optional.empty());
      } catch (NoHookException
          | KernelException
          | IOException
          | RuntimeException
          // a JVM that denies native access
          | LinkageError e) {
        return new Result<>(Optional.empty(), Optional.of(e));
      }
    }

    boolean worked() {
      return value.isPresent();
    }

    Check check(String name, Function<T, String> finding, Check.Status otherwise) {
      return value
          .map(found -> Check.ok(name, finding.apply(found)))
          .orElseGet(() -> Check.failed(name, otherwise, failure.orElseThrow()));
    }
  }

  /** Tries all of it. */
  static KernelChecks run() {
    KernelChecks kernel = new KernelChecks();
    try {
      kernel.checks.add(
          Check.ok(
              "kernel",
              "Linux "
                  + System.getProperty("os.version")
                  + " on "
                  + Architecture.current().kernelName()));
    } catch (UnsupportedOperationException e) {
      kernel.checks.add(Check.failed("kernel", Check.Status.FAIL, e));
      return kernel;
    }
    kernel.settings();
    if (kernel.mayCall()) {
      kernel.btf();
      kernel.buffers();
      kernel.hooks();
      kernel.threads();
    }
    return kernel;
  }

  /** What was found, in order. */
  List<Check> checks() {
    return checks;
  }

  /** Whether anything could be tried at all. */
  boolean isLinux() {
    return checks.size() > 1;
  }

  /** How file opens are seen, if they are: the main job. */
  Optional<Hook> fileOpens() {
    return fileOpens;
  }

  /** Whether system calls are seen and counted. */
  boolean syscalls() {
    return syscalls;
  }

  /** Whether CPUs are sampled. */
  boolean cpuSamples() {
    return cpuSamples;
  }

  /** The options that the agent needs here; none are the default. */
  String agentOptions() {
    return buffer.filter(Buffer.RING::equals).isPresent() ? "buffer=ring" : "";
  }

  private void settings() {
    String lockdown = content(LOCKDOWN);
    if (lockdown.contains("[confidentiality]")) {
      checks.add(
          Check.fail(
              "lockdown",
              "confidentiality, which forbids tracing",
              "boot with lockdown=integrity or none"));
    } else {
      checks.add(
          Check.ok(
              "lockdown", lockdown.isEmpty() ? "none, or not to be seen from here" : lockdown));
    }
    String paranoid = content(SYSCTL.resolve("perf_event_paranoid"));
    if (paranoid.matches("[3-9]")) {
      checks.add(
          Check.warn(
              "perf_event_paranoid",
              paranoid,
              "kernels of some distributions leave perf events to CAP_SYS_ADMIN then; if the perf"
                  + " buffer or CPU samples below are refused: sysctl kernel.perf_event_paranoid=2"));
    } else {
      checks.add(
          Check.ok("perf_event_paranoid", paranoid + ", no matter to whoever has CAP_PERFMON"));
    }
    checks.add(
        Check.ok(
            "unprivileged_bpf_disabled",
            content(SYSCTL.resolve("unprivileged_bpf_disabled"))
                + ", no matter to whoever has CAP_BPF"));
  }

  /** Whether this JVM lets the kernel be called at all; what the kernel says is another matter. */
  private boolean mayCall() {
    Result<String> map =
        Result.of(() -> {
          Bpf.createMap("doctor", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, Long.BYTES, 1, 0).close();
          return "bpf(2) made a map";
        });
    checks.add(map.check("bpf", Function.identity(), Check.Status.FAIL));
    return !(map.failure.orElse(null) instanceof LinkageError);
  }

  private void btf() {
    try {
      Btf.parse(ByteBuffer.wrap(Files.readAllBytes(BTF)));
      checks.add(Check.ok("btf", BTF + " is there"));
    } catch (IOException | MalformedObjectException e) {
      checks.add(
          Check.warn(
              "btf",
              "cannot read " + BTF + ": " + e,
              "only fentry needs it (CONFIG_DEBUG_INFO_BTF)"));
    }
  }

  private void buffers() {
    Map<Buffer, Result<String>> results = new EnumMap<>(Buffer.class);
    for (Buffer kind : Buffer.values()) {
      Result<String> result = Result.of(() -> Trial.buffers(options(kind, defaultPages())));
      results.put(kind, result);
      if (buffer.isEmpty() && result.worked()) {
        buffer = Optional.of(kind);
      }
    }
    results.forEach((kind, result) -> {
      String name = kind == Buffer.PERF ? "perf-buffer" : "ring-buffer";
      Check check =
          result.check(
              name,
              Function.identity(),
              buffer.isPresent() ? Check.Status.WARN : Check.Status.FAIL);
      if (result.worked() && check.finding().contains("could not be had")) {
        checks.add(
            Check.warn(
                name,
                check.finding(),
                "more locked memory makes larger buffers, which lose less: ulimit -l unlimited"
                    + " (Docker: --ulimit memlock=-1), or CAP_IPC_LOCK"));
      } else {
        checks.add(check);
      }
    });
  }

  private void hooks() {
    if (buffer.isEmpty()) {
      checks.add(Check.fail("file-opens", "not tried: there is no buffer", "see above"));
      return;
    }
    Buffer used = buffer.get();
    Map<HookKind, Result<Hook>> results = new EnumMap<>(HookKind.class);
    for (HookKind kind : EnumSet.range(HookKind.FENTRY, HookKind.TRACEPOINT)) {
      results.put(
          kind,
          Result.of(
              () -> Trial.fileOpens(new Tracer.Options(Optional.of(kind), used, LEAST_PAGES))));
    }
    boolean any = results.values().stream().anyMatch(Result::worked);
    results.forEach((kind, result) -> checks.add(hook(kind, result, any)));

    Result<Hook> auto = Result.of(() -> Trial.fileOpens(options(used, defaultPages())));
    fileOpens = auto.value;
    checks.add(auto.check("file-opens", hook -> "seen by " + hook, Check.Status.FAIL));

    Result<Hook> calls = Result.of(() -> Trial.syscalls(options(used, defaultPages())));
    syscalls = calls.worked();
    checks.add(
        calls.check("system-calls", hook -> "seen and counted by " + hook, Check.Status.WARN));

    Result<Hook> samples = Result.of(() -> Trial.cpuSamples(options(used, defaultPages())));
    cpuSamples = samples.worked();
    checks.add(samples.check("cpu-samples", hook -> "taken by " + hook, Check.Status.WARN));
  }

  private static Check hook(HookKind kind, Result<Hook> result, boolean any) {
    Check check =
        result.check(kind.toString(), hook -> "sees opens by " + hook.target(), Check.Status.FAIL);
    if (result.failure.orElse(null) instanceof NoHookException e) {
      // the first is the one that most kernels have; the others are names that it had
      String finding = e.refusals().get(0).reason();
      return any
          ? Check.warn(check.name(), finding, "nothing: the agent takes another hook")
          : Check.fail(check.name(), finding, check.advice());
    }
    return check;
  }

  private void threads() {
    Result<Boolean> read =
        Result.of(() -> {
          long address =
              CurrentProcess.symbol("libjvm.so", "gHotSpotVMStructs")
                  .orElseThrow(() -> new IOException("no HotSpot: libjvm.so has no tables"));
          try (MemoryWindow window = new MemoryWindow(Long.BYTES)) {
            return window.copyFrom(address, Long.BYTES);
          }
        });
    checks.add(
        read.value.orElse(false)
            ? Check.ok("java-threads", "process_vm_readv(2) works: events name their Java thread")
            : Check.warn(
                "java-threads",
                "process_vm_readv(2) is blocked, or this is no HotSpot JVM: events have the"
                    + " kernel's thread ids and names",
                "allow process_vm_readv in the container's seccomp profile"));
  }

  private static Tracer.Options options(Buffer kind, int pages) {
    return new Tracer.Options(Optional.empty(), kind, pages);
  }

  private static int defaultPages() {
    return AgentOptions.defaults().tracing().pages();
  }

  private static String content(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
