package dev.kernelflight.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs scenarios, all or the named ones, and prints their figures as one table. */
public final class Main {
  private static final int DEFAULT_ROUNDS = 5;

  private static final String HELP =
      """
      Usage: benchmarks/run [OPTION...] [SCENARIO...]

      Measures what the agent costs and prints one table: the figure, the goal, and whether it was
      met. Without a SCENARIO all but "pages" are run, which takes several minutes.

        opens-1    1,000,000 opens on one thread: completeness, slowdown, cost of draining, size
        opens-8    the same from 8 threads
        startup    CPU time that the agent adds to the start of a JVM
        syscalls   what tracing every system call adds to one, and 200,000 events a second
        idle       what is left of it while no recording runs
        emit       decoding and committing alone, without a kernel (JMH)
        pages      opens-1 and opens-8 for buffers of 16 to 1024 pages, both transports

        --rounds=N   measured rounds of each loop, after one to warm up (default %d)
        --help       this text

      Needs the privileges that the agent needs, and some 200 MB in the temporary directory. The
      machine should have nothing else to do: its load is printed with the table.
      """
          .formatted(DEFAULT_ROUNDS);

  private static final List<String> DEFAULT =
      List.of("opens-1", "opens-8", "syscalls", "startup", "idle", "emit");

  private Main() {}

  private interface Scenario {
    void run(Table table) throws Exception;
  }

  /**
   * Runs.
   *
   * @param args as {@code --help} says
   */
  public static void main(String[] args) throws Exception {
    int rounds = DEFAULT_ROUNDS;
    List<String> names = new ArrayList<>();
    for (String arg : args) {
      if (arg.equals("--help")) {
        System.out.print(HELP);
        return;
      } else if (arg.matches("--rounds=[1-9][0-9]{0,3}")) {
        rounds = Integer.parseInt(arg.substring("--rounds=".length()));
      } else if (arg.startsWith("--")) {
        System.err.println(
            "There is no option \"" + arg + "\", only --rounds=N and --help; N is 1 to 9999");
        System.exit(2);
      } else {
        names.add(arg);
      }
    }
    Jvm jvm = new Jvm(Path.of(System.getProperty("kernelflight.root")));
    Map<String, Scenario> scenarios = scenarios(jvm, rounds);
    Map<String, Scenario> chosen = new LinkedHashMap<>();
    for (String name : names.isEmpty() ? DEFAULT : names) {
      Scenario scenario = scenarios.get(name);
      if (scenario == null) {
        System.err.println(
            "There is no scenario \"" + name + "\", only: " + String.join(" ", scenarios.keySet()));
        System.exit(2);
      } else {
        chosen.put(name, scenario);
      }
    }
    Table table = new Table();
    Machine machine = Machine.atStart();
    for (Map.Entry<String, Scenario> scenario : chosen.entrySet()) {
      System.err.println("== " + scenario.getKey());
      scenario.getValue().run(table);
    }
    System.out.print(machine.text(jvm.hook()));
    System.out.println();
    System.out.print(table.text());
  }

  private static Map<String, Scenario> scenarios(Jvm jvm, int rounds) {
    Map<String, Scenario> scenarios = new LinkedHashMap<>();
    scenarios.put("opens-1", table -> new OpensScenario(jvm, "opens-1", 1, rounds).run(table));
    scenarios.put("opens-8", table -> new OpensScenario(jvm, "opens-8", 8, rounds).run(table));
    scenarios.put("syscalls", table -> new SyscallScenario(jvm, rounds).run(table));
    scenarios.put("startup", table -> new StartupScenario(jvm).run(table));
    scenarios.put("idle", table -> new IdleScenario(jvm, rounds).run(table));
    scenarios.put("emit", table -> EmitScenario.run(table));
    scenarios.put("pages", table -> new PagesScenario(jvm).run(table));
    return scenarios;
  }
}
