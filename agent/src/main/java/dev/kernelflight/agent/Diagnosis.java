package dev.kernelflight.agent;

import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.attach.NoHookException;
import dev.kernelflight.bpf.attach.Refusal;
import dev.kernelflight.bpf.sys.KernelException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * A failure in the words of someone who has to act on it.
 *
 * @param problem what could not be done, and what the kernel or the JVM answered
 * @param advice what to do about it
 */
public record Diagnosis(String problem, String advice) {
  private static final String NO_HOOK =
      "use a kernel with one of these hooks: see docs/permissions.md";
  private static final String REPORT =
      "please report this, with the kernel's and the JDK's version";

  /** Makes sense of whatever stopped the agent. */
  public static Diagnosis of(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case AgentOptions.BadOptionException e -> {
          return new Diagnosis(
              String.valueOf(e.getMessage()),
              "use -javaagent:ebpf-agent.jar[=OPTION,...] with\n" + AgentOptions.KNOWN);
        }
        case NoHookException e -> {
          return new Diagnosis(
              "no hook for "
                  + e.what()
                  + " could be had. Tried:\n  "
                  + e.refusals().stream()
                      .map(Refusal::toString)
                      .collect(Collectors.joining("\n  ")),
              adviceOnHooks(e.refusals()));
        }
        case KernelException e -> {
          return of(e);
        }
        case FileSystemException e -> {
          return of(e);
        }
        case UnsupportedOperationException e
            when String.valueOf(e.getMessage()).startsWith("eBPF needs") -> {
          return new Diagnosis(
              String.valueOf(e.getMessage()), "run it there, or without the agent");
        }
        case FlightRecorderOffException e -> {
          return new Diagnosis(
              FlightRecorderOffException.WHY.what(), FlightRecorderOffException.WHY.remedy());
        }
        case IllegalCallerException e -> {
          return new Diagnosis(
              "this JVM denies native access: " + String.valueOf(e.getMessage()),
              "start it with --enable-native-access=ALL-UNNAMED (on the command line or in"
                  + " JDK_JAVA_OPTIONS)");
        }
        case NoClassDefFoundError e when LackingModule.of(e).isPresent() -> {
          return LackingModule.of(e).get().diagnosis();
        }
        case OutOfMemoryError e -> {
          return new Diagnosis(
              e.toString(),
              String.valueOf(e.getMessage()).contains("native thread")
                  ? "let the process have more threads (ulimit -u; Docker: --pids-limit)"
                  : "give the JVM more memory (-Xmx), or make the buffers smaller (pages=64)");
        }
        case TimeoutException e -> {
          // of this JVM's own thread
          return new Diagnosis(
              String.valueOf(failure.getMessage()),
              "give the process more of the CPUs (Docker: --cpus), or the machine less to do");
        }
        case IOException e when String.valueOf(e.getMessage()).contains("Too many open files") -> {
          return new Diagnosis(
              String.valueOf(e.getMessage()), Restrictions.current().tooManyOpenFiles().toString());
        }
        default -> {
          // its cause may tell more
        }
      }
    }
    return new Diagnosis(failure.toString(), REPORT);
  }

  private static Diagnosis of(KernelException e) {
    List<KernelException> refusals = new ArrayList<>(List.of(e));
    // what was tried instead
    for (Throwable other : e.getSuppressed()) {
      if (other instanceof KernelException refusal) {
        refusals.add(refusal);
      }
    }
    return new Diagnosis(
        refusals.stream().map(Throwable::getMessage).collect(Collectors.joining("\n  ")),
        advice(refusals));
  }

  private static Diagnosis of(FileSystemException e) {
    String reason =
        e instanceof NoSuchFileException
            ? "no such file"
            : e instanceof AccessDeniedException
                ? "permission denied"
                : String.valueOf(e.getReason());
    return new Diagnosis(
        "cannot read " + e.getFile() + ": " + reason,
        reason.contains("Too many open files")
            ? Restrictions.current().tooManyOpenFiles().toString()
            : Restrictions.missingFileSystem()
                .map(Hindrance::toString)
                .orElse("make this file readable for the process"));
  }

  /** What stands in the way of these calls, each thing once. */
  private static String advice(List<KernelException> refusals) {
    Restrictions restrictions = Restrictions.current();
    String advice =
        refusals.stream()
            .flatMap(refusal -> Causes.of(refusal, restrictions).stream())
            .map(Hindrance::toString)
            .distinct()
            .collect(Collectors.joining("\n  "));
    return advice.isEmpty() ? REPORT : advice;
  }

  private static String adviceOnHooks(List<Refusal> refusals) {
    List<KernelException> answers =
        refusals.stream().flatMap(refusal -> refusal.answer().stream()).toList();
    String advice = answers.isEmpty() ? NO_HOOK : advice(answers);
    List<HookKind> kinds =
        refusals.stream().map(refusal -> refusal.hook().kind()).distinct().toList();
    return kinds.equals(List.of(HookKind.FENTRY)) || kinds.equals(List.of(HookKind.KPROBE))
        ? advice + "\n  attach=auto tries the other kinds of hooks, too"
        : advice;
  }

  /**
   * The whole message.
   *
   * @param refusesToStart whether the application ends here
   */
  String text(boolean refusesToStart) {
    return textWith(
        refusesToStart
            ? "The application does not start, because required=true was asked for."
            : "The application runs on without kernel events.");
  }

  /** The whole message where other kernel events are recorded all the same. */
  String textOfPart() {
    return textWith("The application runs on, with the other kernel events.");
  }

  /** The whole message where what was short may be there again in a moment. */
  String textOfShortage() {
    return textWith(
        "The application runs on. The agent tries again each second, and recordings tell what is"
            + " missing.");
  }

  private String textWith(String ending) {
    return problem
        + "\n  system: "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.version")
        + " on "
        + System.getProperty("os.arch")
        + ", Java "
        + System.getProperty("java.version")
        + "\n  what to do: "
        + advice
        + "\n  "
        + ending;
  }
}
