package dev.kernelflight.agent.cli;

import com.grack.nanojson.JsonWriter;
import dev.kernelflight.agent.attach.AgentJar;
import dev.kernelflight.agent.attach.CommandFailedException;
import dev.kernelflight.agent.attach.JvmProcess;
import dev.kernelflight.agent.doctor.Check;
import dev.kernelflight.agent.doctor.JvmChecks;
import dev.kernelflight.agent.doctor.KernelChecks;
import dev.kernelflight.agent.doctor.ProcessChecks;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.show.Printable;
import java.io.PrintWriter;
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
   * @param command to use
   */
  private record Verdict(boolean works, List<String> events, String command) {}

  @Override
  public Integer call() {
    try {
      JvmProcess jvm = pid == null ? null : JvmProcess.of(pid);
      KernelChecks kernel = KernelChecks.run();
      ProcessChecks process =
          jvm == null ? ProcessChecks.ofThisOne(kernel) : ProcessChecks.of(jvm, kernel);
      List<Check> ofJvm = jvm == null ? JvmChecks.ofThisOne() : JvmChecks.of(jvm);
      List<Check> ofProcess = kernel.isLinux() ? process.run() : List.of();
      // this process's own privileges show in what it could do; another's only in what is known
      boolean allowed = jvm == null || ofProcess.stream().noneMatch(Check::isFailure);
      boolean works =
          kernel.seen().containsKey(Kinds.OPENS)
              && allowed
              && ofJvm.stream().noneMatch(Check::isFailure);
      List<Check> checks =
          Stream.of(ofJvm, ofProcess, kernel.checks()).flatMap(List::stream).toList();
      boolean attachable =
          jvm != null && jvm.agent().isEmpty() && ofJvm.stream().noneMatch(Check::isFailure);
      String command = jvm != null && attachable ? attachCommand(jvm.pid()) : startCommand();
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
    List<String> events =
        works ? kernel.seen().keySet().stream().map(Kind::eventName).toList() : List.of();
    return new Verdict(works, events, command);
  }

  private static String startCommand() {
    return "java -javaagent:"
        + jar()
        + " --enable-native-access=ALL-UNNAMED -XX:StartFlightRecording:filename=app.jfr -jar"
        + " app.jar";
  }

  private static String attachCommand(long pid) {
    return "java -jar " + jar() + " attach " + pid + " --duration 30s --output app.jfr";
  }

  private static String jar() {
    try {
      return AgentJar.path().toString();
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
              + "; opens by "
              + kernel.seen().get(Kinds.OPENS));
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
