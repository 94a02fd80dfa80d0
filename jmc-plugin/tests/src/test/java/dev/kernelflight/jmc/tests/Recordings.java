package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess;
import dev.kernelflight.jmc.rules.KernelRule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.flightrecorder.CouldNotLoadRecordingException;
import org.openjdk.jmc.flightrecorder.JfrLoaderToolkit;
import org.openjdk.jmc.flightrecorder.rules.IResult;
import org.openjdk.jmc.flightrecorder.rules.IRule;
import org.openjdk.jmc.flightrecorder.rules.RuleRegistry;
import org.openjdk.jmc.flightrecorder.rules.util.RulesToolkit;

/** Recordings as Mission Control loads and analyses them. */
final class Recordings {
  private Recordings() {}

  /** A JVM with this main class that records from start to exit. */
  static AgentProcess recorded(Path file, String settings, Class<?> main, Object... arguments) {
    return AgentProcess.of(main, arguments).recordingTo(file, settings);
  }

  /** Runs such a JVM and loads what it recorded. */
  static IItemCollection record(Path file, String settings, Class<?> main, Object... arguments) {
    AgentProcess.Finished finished = recorded(file, settings, main, arguments).run();
    assertThat(finished.exitCode()).as(finished.err()).isZero();
    assertThat(finished.out()).startsWith("done");
    return load(file);
  }

  static IItemCollection load(Path file) {
    try {
      return JfrLoaderToolkit.loadEvents(List.of(file.toFile()));
    } catch (IOException | CouldNotLoadRecordingException e) {
      throw new IllegalStateException(file.toString(), e);
    }
  }

  /** The project's rules, as found by the services file of the bundle. */
  static List<IRule> rules() {
    List<IRule> rules = new ArrayList<>(RuleRegistry.getRules());
    rules.removeIf(rule -> !(rule instanceof KernelRule));
    return rules;
  }

  /** Evaluates all of them as Mission Control does. */
  static List<IResult> results(IItemCollection items) {
    return evaluate(rules(), items);
  }

  static IResult result(Class<? extends KernelRule> type, IItemCollection items) {
    return evaluate(rules().stream().filter(type::isInstance).toList(), items).get(0);
  }

  private static List<IResult> evaluate(List<IRule> rules, IItemCollection items) {
    Map<IRule, Future<IResult>> futures = RulesToolkit.evaluateParallel(rules, items, null, 2);
    assertThat(futures).hasSameSizeAs(rules);
    List<IResult> results = new ArrayList<>();
    try {
      for (Future<IResult> future : futures.values()) {
        results.add(future.get());
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
    return results;
  }
}
