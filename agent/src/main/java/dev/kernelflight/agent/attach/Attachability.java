package dev.kernelflight.agent.attach;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.ProcStatus;
import java.io.IOException;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.util.Optional;

/** Whether a JVM can take the agent while it runs, found without disturbing it. */
public final class Attachability {
  private static final String INSTRUMENT = "java.instrument";
  private static final int SIGQUIT = 3;

  private Attachability() {}

  /** What is in the way, as far as the system says. */
  public static Optional<Hindrance> hindrance(JvmProcess jvm) {
    String remedy = "start it without, or with -javaagent:ebpf-agent.jar";
    if (jvm.flag("DisableAttachMechanism", false)) {
      return Optional.of(new Hindrance("it was started with -XX:+DisableAttachMechanism", remedy));
    }
    if (!jvm.flag("EnableDynamicAgentLoading", true)) {
      return Optional.of(
          new Hindrance("it was started with -XX:-EnableDynamicAgentLoading", remedy));
    }
    if (jvm.lacksModule(INSTRUMENT)) {
      return Optional.of(
          new Hindrance(
              "its Java runtime lacks the module " + INSTRUMENT + ", which loads Java agents",
              "run it with a runtime that has that module"));
    }
    ProcStatus status;
    try {
      status = ProcStatus.of(jvm.proc());
    } catch (IOException e) {
      return Optional.empty();
    }
    if (status.field("State").matches("[Tt].*")) {
      return Optional.of(
          new Hindrance(
              "it is stopped (SIGSTOP, or a debugger), and answers nobody",
              "kill -CONT " + jvm.pid()));
    }
    return catchesSigquit(status) || Files.exists(jvm.attachSocket(), NOFOLLOW_LINKS)
        ? Optional.empty()
        : Optional.of(
            new Hindrance(
                "it does not handle SIGQUIT, by which the JDK attaches: it is starting or ending",
                "try again"));
  }

  private static boolean catchesSigquit(ProcStatus status) {
    try {
      return (Long.parseUnsignedLong(status.field("SigCgt"), 16) >>> (SIGQUIT - 1) & 1) != 0;
    } catch (NumberFormatException e) {
      return true;
    }
  }

  /**
   * Whether a module is another one, or needs that: by the modules of the runtime of this program.
   */
  static boolean brings(String module, String other) {
    return module.equals(other)
        || ModuleFinder.ofSystem()
            .find(module)
            .map(found ->
                found.descriptor().requires().stream()
                    .filter(needed -> !needed.modifiers().contains(Requires.Modifier.STATIC))
                    .anyMatch(needed -> brings(needed.name(), other)))
            .orElse(false);
  }
}
