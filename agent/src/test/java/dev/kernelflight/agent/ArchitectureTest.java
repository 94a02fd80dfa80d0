package dev.kernelflight.agent;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Linker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which package may use which, over the main classes of the bpf, jfr-events and agent modules. */
class ArchitectureTest {
  private static final String ANYTHING = "dev.kernelflight..";

  private static final Path PAGE = Path.of("..", "docs", "architecture.md");

  /** A row of the page's table: package, purpose, what it uses. */
  private static final Pattern ROW = Pattern.compile("\\| `([\\w.]+)` \\| .* \\| (.*)\\|");

  private static final Pattern NAME = Pattern.compile("`([\\w.]+)`");
  private static final String EVERYTHING = "everything";

  private static final List<Allowed> DIRECTIONS = table();

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.kernelflight");

  /**
   * One package, without those below, and those that it uses; all of this project, or its own name
   * among them.
   */
  record Allowed(String source, List<String> targets) {
    boolean isEverything() {
      return targets.contains(ANYTHING);
    }

    @Override
    public String toString() {
      return source;
    }
  }

  /** The table of the page, which is for people: what it says is what holds. */
  private static List<Allowed> table() {
    List<Allowed> table = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(PAGE)) {
        Matcher row = ROW.matcher(line);
        if (row.matches()) {
          List<String> targets = new ArrayList<>(List.of("dev.kernelflight." + row.group(1)));
          NAME.matcher(row.group(2))
              .results()
              .forEach(name -> targets.add("dev.kernelflight." + name.group(1)));
          if (row.group(2).strip().equals(EVERYTHING)) {
            targets.add(ANYTHING);
          }
          table.add(new Allowed(targets.getFirst(), targets));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return table;
  }

  static List<Allowed> directions() {
    return DIRECTIONS;
  }

  @ParameterizedTest
  @MethodSource("directions")
  void usesOnlyWhatItMay(Allowed allowed) {
    noClasses()
        .that()
        .resideInAPackage(allowed.source())
        .should()
        .dependOnClassesThat(
            resideInAPackage(ANYTHING)
                .and(not(resideInAnyPackage(allowed.targets().toArray(String[]::new)))))
        .as(allowed.source() + " uses, of this project, only " + allowed.targets())
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @ParameterizedTest
  @MethodSource("directions")
  void usesAllThatThePageSays(Allowed allowed) {
    if (allowed.isEverything()) {
      return;
    }
    Set<String> used =
        CLASSES.stream()
            .filter(of -> of.getPackageName().equals(allowed.source()))
            .flatMap(of -> of.getDirectDependenciesFromSelf().stream())
            .map(dependency -> dependency.getTargetClass().getPackageName())
            .collect(Collectors.toSet());
    assertThat(used).containsAll(allowed.targets().subList(1, allowed.targets().size()));
  }

  @Test
  void everyClassIsInAPackageWithADirection() {
    classes()
        .that()
        .doNotHaveSimpleName("package-info")
        .should()
        .resideInAnyPackage(DIRECTIONS.stream().map(Allowed::source).toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void elfNeedsNothingButTheJdk() {
    classes()
        .that()
        .resideInAPackage("dev.kernelflight.bpf.elf..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("dev.kernelflight.bpf.elf..", "java..", "org.jspecify.annotations..")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void onlySysCallsForeignFunctions() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.kernelflight.bpf.sys..")
        .should()
        .dependOnClassesThat()
        .areAssignableTo(Linker.class)
        .check(CLASSES);
  }

  /** What others wrote is made fit for a terminal in these. */
  @Test
  void commandsWriteToTheTerminalInFewPlaces() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.kernelflight.agent.cli..",
            "dev.kernelflight.agent.attach..",
            "dev.kernelflight.agent.doctor..",
            "dev.kernelflight.agent.live..",
            "dev.kernelflight.agent.show..")
        .and()
        .doNotHaveSimpleName("StandardOutput")
        .and()
        // a line that changes while a file is read
        .doNotHaveSimpleName("Meter")
        .and()
        // content of this jar
        .doNotHaveSimpleName("SettingsCommand")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(CLASSES);
  }

  /** It would cost the start of every JVM with the agent. */
  @Test
  void missionControlIsForTheCommandLineAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.kernelflight.agent.recording..", "dev.kernelflight.jmc..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.openjdk.jmc..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "dev.kernelflight.agent.recording..",
            "dev.kernelflight.agent.show..",
            "dev.kernelflight.agent.attach..",
            "dev.kernelflight.agent.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.kernelflight.agent.recording..")
        .check(CLASSES);
  }

  @Test
  void theKernelSideKnowsNoJfr() {
    noClasses()
        .that()
        .resideInAPackage("dev.kernelflight.bpf..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.jfr..")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void noPackageComesBackToItself() {
    slices().matching("dev.kernelflight.(**)").should().beFreeOfCycles().check(CLASSES);
  }
}
