package dev.kernelflight.agent.cli;

import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.Printable;
import dev.kernelflight.bpf.attach.Hook;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says whether kernel events will work here, or in a JVM, and how. */
@Command(
    name = "doctor",
    description = {
      "Tries all that the agent needs, and says what will work, what will not, and what to do.",
      "Run it with the privileges, and in the container, that the application will have; or as root"
          + " with --pid for a JVM that runs."
    },
    footer = {
      "",
      "Exit codes: 0 kernel.FileOpen events will work with the command line that is shown, 1 they"
          + " will not, 2 called wrongly."
    },
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final Path SELF = Path.of("/proc/self");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-p", "--pid"},
      paramLabel = "PID",
      description = "look at this JVM's privileges and flags instead of at those of this process")
  private @Nullable Long pid;

  @Option(
      names = "--container",
      description = "say what Docker and Kubernetes want, also where this is no container")
  private boolean container;

  @Option(names = "--json", description = "one JSON object a line: the checks, then the verdict")
  private boolean json;

  /**
   * What it comes to.
   *
   * @param works whether kernel.FileOpen events will
   * @param events that will
   * @param agentOptions that the agent needs; none are the default
   * @param command to use
   */
  private record Verdict(boolean works, List<String> events, String agentOptions, String command) {}

  @Override
  public Integer call() {
    try {
      JvmProcess jvm = pid == null ? null : JvmProcess.of(pid);
      KernelChecks kernel = KernelChecks.run();
      ProcessChecks process = new ProcessChecks(jvm == null ? SELF : jvm.proc());
      List<Check> ofJvm = jvm == null ? JvmChecks.ofThisOne() : JvmChecks.of(jvm);
      List<Check> ofProcess = kernel.isLinux() ? process.run() : List.of();
      // this process's own privileges show in what it could do; another's only in what is known
      boolean allowed = jvm == null || ofProcess.stream().noneMatch(Check::isFailure);
      boolean works =
          kernel.fileOpens().isPresent() && allowed && ofJvm.stream().noneMatch(Check::isFailure);
      List<Check> checks =
          Stream.of(ofJvm, ofProcess, kernel.checks()).flatMap(List::stream).toList();
      boolean attachable =
          jvm != null && jvm.agent().isEmpty() && ofJvm.stream().noneMatch(Check::isFailure);
      String command =
          jvm != null && attachable
              ? attachCommand(jvm.pid(), kernel.agentOptions())
              : startCommand(kernel.agentOptions());
      Verdict verdict = verdict(works, kernel, command);
      boolean contained = container || (kernel.isLinux() && process.isContained());
      if (json) {
        printJson(checks, verdict);
      } else {
        print(checks, kernel, verdict, contained);
      }
      return works ? 0 : FAILED;
    } catch (CommandFailedException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return FAILED;
    }
  }

  private static Verdict verdict(boolean works, KernelChecks kernel, String command) {
    List<String> events = new ArrayList<>();
    if (works) {
      events.add("kernel.FileOpen");
      if (kernel.syscalls()) {
        events.add("kernel.Syscall");
        events.add("kernel.SyscallStatistics");
      }
      if (kernel.cpuSamples()) {
        events.add("kernel.CpuSample");
      }
    }
    return new Verdict(works, events, kernel.agentOptions(), command);
  }

  private static String startCommand(String agentOptions) {
    return "java -javaagent:"
        + jar()
        + (agentOptions.isEmpty() ? "" : "=" + agentOptions)
        + " --enable-native-access=ALL-UNNAMED -XX:StartFlightRecording:filename=app.jfr -jar"
        + " app.jar";
  }

  private static String attachCommand(long pid, String agentOptions) {
    return "java -jar "
        + jar()
        + " attach "
        + pid
        + (agentOptions.isEmpty() ? "" : " --" + agentOptions)
        + " --duration 30s --output app.jfr";
  }

  private static String jar() {
    try {
      return AttachedJvm.agentJar().toString();
    } catch (CommandFailedException e) {
      return "ebpf-agent.jar";
    }
  }

  private void print(List<Check> checks, KernelChecks kernel, Verdict verdict, boolean contained) {
    PrintWriter out = spec.commandLine().getOut();
    int width = checks.stream().mapToInt(check -> check.name().length()).max().orElse(0);
    Set<String> said = new HashSet<>();
    for (Check check : checks) {
      out.printf(
          "%-4s  %-" + width + "s  %s%n",
          check.status().name().toLowerCase(Locale.ROOT),
          check.name(),
          oneLine(check.finding()));
      if (!check.advice().isEmpty() && said.add(check.advice())) {
        out.printf("%-" + (width + 8) + "s-> %s%n", "", oneLine(check.advice()));
      }
    }
    out.println();
    if (verdict.works) {
      out.println(
          "Will work: "
              + String.join(", ", verdict.events)
              + kernel
                  .fileOpens()
                  .map(Hook::toString)
                  .map(hook -> "; opens by " + hook)
                  .orElse(""));
      List<String> not =
          checks.stream()
              .filter(check -> check.status() != Check.Status.OK)
              .map(Check::name)
              .toList();
      if (!not.isEmpty()) {
        out.println("With reservations about: " + String.join(", ", not));
      }
      out.println("Use: " + verdict.command);
    } else {
      out.println(
          "Kernel events will not work" + (pid == null ? " here." : " in JVM " + pid + "."));
      out.println(
          "In the way: "
              + String.join(
                  ", ", checks.stream().filter(Check::isFailure).map(Check::name).toList()));
      out.println("Then use: " + verdict.command);
    }
    if (contained) {
      out.println();
      CONTAINERS.lines().forEach(out::println);
    }
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll(":\\s*\n\\s*", ": ").replaceAll("\\s*\n\\s*", "; ");
  }

  private void printJson(List<Check> checks, Verdict verdict) {
    PrintWriter out = spec.commandLine().getOut();
    for (Check check : checks) {
      out.println(
          Printable.json(
              JsonWriter.string()
                  .object()
                  .value("check", check.name())
                  .value("status", check.status().name().toLowerCase(Locale.ROOT))
                  .value("finding", check.finding())
                  .value("advice", check.advice())
                  .end()
                  .done()));
    }
    out.println(
        Printable.json(
            JsonWriter.string()
                .object()
                .value("works", verdict.works)
                .array("events", verdict.events)
                .value("agentOptions", verdict.agentOptions)
                .value("command", verdict.command)
                .end()
                .done()));
  }

  private static final String CONTAINERS =
      """
      In a container, as root of the machine's user namespace (not rootless):
        docker run --cap-add BPF --cap-add PERFMON ...
      Kubernetes:
        securityContext:
          runAsUser: 0
          capabilities:
            add: ["BPF", "PERFMON"]
          seccompProfile:
            type: RuntimeDefault
      A seccomp profile of your own must allow bpf, perf_event_open and process_vm_readv; that of
      Docker does, given the capabilities, but old versions only given SYS_ADMIN.\
      """;
}
