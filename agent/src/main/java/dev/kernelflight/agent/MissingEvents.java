package dev.kernelflight.agent;

import dev.kernelflight.agent.emit.OutageReporter.Missing;
import dev.kernelflight.bpf.Tracer;
import dev.kernelflight.bpf.Wanted;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.events.CpuSampleEvent;
import dev.kernelflight.events.FileOpenEvent;
import dev.kernelflight.events.SyscallEvent;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Events that recordings want and that are not recorded, by their names, and why. */
final class MissingEvents {
  private MissingEvents() {}

  /**
   * All that is wanted, where nothing is traced.
   *
   * @param advice what to do about it, or empty
   */
  static Map<String, Missing> all(Wanted wanted, String why, String advice) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    put(missing, FileOpenEvent.NAME, wanted.fileOpens(), Optional.empty(), why, advice);
    put(missing, SyscallEvent.NAME, wanted.syscalls(), Optional.empty(), why, advice);
    put(missing, SyscallStatisticsEvent.NAME, wanted.statistics(), Optional.empty(), why, advice);
    put(missing, CpuSampleEvent.NAME, wanted.samples(), Optional.empty(), why, advice);
    return missing;
  }

  /**
   * What a tracer does not see.
   *
   * @param refused why it does not, where the kernel refused something
   * @param advice what to do about that, or empty
   */
  static Map<String, Missing> of(Tracer tracer, @Nullable NoHookException refused, String advice) {
    Map<String, Missing> missing = new LinkedHashMap<>();
    Wanted wanted = tracer.wanted();
    String noCalls = why(refused, Tracer.SYSCALLS);
    put(
        missing,
        FileOpenEvent.NAME,
        wanted.fileOpens(),
        tracer.fileOpenProbe(),
        why(refused, Tracer.FILE_OPENS),
        advice);
    put(missing, SyscallEvent.NAME, wanted.syscalls(), tracer.syscallProbe(), noCalls, advice);
    put(
        missing,
        SyscallStatisticsEvent.NAME,
        wanted.statistics(),
        tracer.syscallProbe(),
        noCalls,
        advice);
    put(
        missing,
        CpuSampleEvent.NAME,
        wanted.samples(),
        tracer.sampleProbe(),
        why(refused, Tracer.CPU_SAMPLES),
        advice);
    if (!tracer.unsampledCpus().isEmpty()) {
      missing.put(CpuSampleEvent.NAME, new Missing("not on CPUs " + tracer.unsampledCpus(), false));
    }
    return missing;
  }

  private static void put(
      Map<String, Missing> missing,
      String event,
      Optional<?> wanted,
      Optional<Tracer.Probe> seen,
      String why,
      String advice) {
    if (wanted.isPresent() && seen.isEmpty()) {
      missing.put(event, new Missing(why, true, advice));
    }
  }

  private static String why(@Nullable NoHookException refused, String what) {
    if (refused == null) {
      return "attaching did not come to its end";
    }
    // what is not told of that event holds for it, too: all calls need the ends of threads
    NoHookException own =
        Stream.concat(Stream.of(refused), Arrays.stream(refused.getSuppressed()))
            .filter(NoHookException.class::isInstance)
            .map(NoHookException.class::cast)
            .filter(refusal -> refusal.what().equals(what))
            .findFirst()
            .orElse(refused);
    return own.refusals().stream().map(Refusal::toString).collect(Collectors.joining("\n"));
  }
}
