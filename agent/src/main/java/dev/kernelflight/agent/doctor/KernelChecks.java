package dev.kernelflight.agent.doctor;

import dev.kernelflight.agent.AgentOptions;
import dev.kernelflight.agent.Restrictions;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.kind.TracedKind;
import dev.kernelflight.bpf.LocalSession;
import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.MalformedObjectException;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.CurrentProcess.MemoryWindow;
import dev.kernelflight.bpf.sys.Gates;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.MemoryLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What this kernel does for this process, each thing tried as the agent does it. What is refused is
 * a failure only where nothing else takes its place.
 */
public final class KernelChecks {
  private static final Path BTF = Path.of("/sys/kernel/btf/vmlinux");
  private static final Path SYSCTL = Path.of("/proc/sys/kernel");
  private static final String READ_MEMORY = "process_vm_readv";
  private static final int LEAST_PAGES = 16;

  private final List<Check> checks = new ArrayList<>();
  private boolean anyBuffer;
  private final Map<TracedKind<?>, Hook> seen = new LinkedHashMap<>();
  private boolean mapsAreLockedMemory;

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
  public static KernelChecks run() {
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
  public List<Check> checks() {
    return checks;
  }

  /** Whether anything could be tried at all. */
  public boolean isLinux() {
    return checks.size() > 1;
  }

  /** The kinds of events that are seen, and by which hooks. */
  public Map<TracedKind<?>, Hook> seen() {
    return seen;
  }

  /** Whether BPF maps count as locked memory, which old kernels limit. */
  boolean mapsAreLockedMemory() {
    return mapsAreLockedMemory;
  }

  private void settings() {
    Restrictions own = Restrictions.current();
    String lockdown = own.lockdown();
    checks.add(
        own.lockedDown()
            .map(locked -> Check.fail("lockdown", locked.what(), locked.remedy()))
            .orElseGet(() ->
                Check.ok(
                    "lockdown",
                    lockdown.isEmpty() ? "none, or not to be seen from here" : lockdown)));
    checks.add(
        own.paranoidKernel()
            .map(paranoid -> Check.warn("perf_event_paranoid", paranoid.what(), paranoid.remedy()))
            .orElseGet(() ->
                Check.ok(
                    "perf_event_paranoid",
                    seen(own.paranoid()) + ", no matter to whoever has CAP_PERFMON")));
    checks.add(
        Check.ok(
            "unprivileged_bpf_disabled",
            seen(content(SYSCTL.resolve("unprivileged_bpf_disabled")))
                + ", no matter to whoever has CAP_BPF"));
  }

  private static String seen(String setting) {
    return setting.isEmpty() ? "not to be seen from here" : setting;
  }

  /** Whether this JVM lets the kernel be called at all; what the kernel says is another matter. */
  private boolean mayCall() {
    Result<String> map =
        Result.of(() -> {
          Bpf.createMap("doctor", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, Long.BYTES, 1, 0).close();
          return "bpf(2) made a map";
        });
    checks.add(map.check("bpf", Function.identity(), Check.Status.FAIL));
    mapsAreLockedMemory = map.worked() && MemoryLock.limitsMaps();
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
    for (Buffer kind : EnumSet.of(Buffer.PERF, Buffer.RING)) {
      results.put(kind, Result.of(() -> Trial.buffers(options(kind, defaultPages()))));
    }
    anyBuffer = results.values().stream().anyMatch(Result::worked);
    results.forEach((kind, result) -> {
      String name = kind == Buffer.PERF ? "perf-buffer" : "ring-buffer";
      Check check =
          result.check(
              name, Function.identity(), anyBuffer ? Check.Status.WARN : Check.Status.FAIL);
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
    if (!anyBuffer) {
      checks.add(Check.fail("file-opens", "not tried: there is no buffer", "see above"));
      return;
    }
    Map<HookKind, Result<Hook>> results = new EnumMap<>(HookKind.class);
    for (HookKind kind : EnumSet.range(HookKind.FENTRY, HookKind.TRACEPOINT)) {
      results.put(
          kind,
          Result.of(() ->
              Trial.of(
                  Kinds.OPENS,
                  new LocalSession.Options(Optional.of(kind), Buffer.AUTO, LEAST_PAGES))));
    }
    boolean any = results.values().stream().anyMatch(Result::worked);
    results.forEach((kind, result) -> checks.add(hook(kind, result, any)));

    for (TracedKind<?> traced : Kinds.traced()) {
      Result<Hook> tried = Result.of(() -> Trial.of(traced, options(Buffer.AUTO, defaultPages())));
      tried.value.ifPresent(hook -> seen.put(traced, hook));
      checks.add(
          tried.check(
              traced.source().name().replace(' ', '-').toLowerCase(Locale.ROOT),
              hook -> "seen by " + hook,
              // file opens are the main job
              traced.equals(Kinds.OPENS) ? Check.Status.FAIL : Check.Status.WARN));
    }
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
    if (read.value.orElse(false)) {
      checks.add(
          Check.ok("java-threads", "process_vm_readv(2) works: events name their Java thread"));
      return;
    }
    String consequence = ": events have the kernel's thread ids and names";
    checks.add(
        read.worked()
            ? Gates.filterOf(READ_MEMORY)
                .map(refusal -> Restrictions.filter(READ_MEMORY))
                .map(filter ->
                    Check.warn("java-threads", filter.what() + consequence, filter.remedy()))
                .orElseGet(() ->
                    Check.warn(
                        "java-threads",
                        "the kernel refuses process_vm_readv(2)" + consequence,
                        "use a kernel with CONFIG_CROSS_MEMORY_ATTACH"))
            : Check.warn(
                "java-threads",
                "this is no HotSpot JVM" + consequence,
                "use a JVM of OpenJDK for the names of Java threads"));
  }

  private static LocalSession.Options options(Buffer kind, int pages) {
    return new LocalSession.Options(Optional.empty(), kind, pages);
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
