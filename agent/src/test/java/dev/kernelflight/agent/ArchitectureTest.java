package dev.kernelflight.agent;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which package may use which, over the main classes of the bpf, jfr-events and agent modules. */
class ArchitectureTest {
  private static final String ANYTHING = "dev.kernelflight..";

  private static final List<Allowed> DIRECTIONS =
      List.of(
          from("bpf.abi"),
          from("bpf.sys", "bpf.abi"),
          from("bpf.elf"),
          from("bpf.program", "bpf.elf", "bpf.sys", "bpf.abi"),
          from("bpf.attach", "bpf.program", "bpf.elf", "bpf.sys", "bpf.abi"),
          from("bpf.ring", "bpf.program", "bpf.elf", "bpf.sys", "bpf.abi"),
          from("bpf.source", "bpf.attach", "bpf.sys", "bpf.abi"),
          from(
              "bpf",
              "bpf.source",
              "bpf.attach",
              "bpf.ring",
              "bpf.program",
              "bpf.elf",
              "bpf.sys",
              "bpf.abi"),
          from("events"),
          from("agent.settings", "events", "bpf.source", "bpf.abi"),
          from("agent.threads", "bpf", "bpf.sys"),
          from(
              "agent.kind",
              "agent.settings",
              "agent.threads",
              "events",
              "bpf",
              "bpf.source",
              "bpf.sys",
              "bpf.abi"),
          from(
              "agent.pump", "agent.kind", "bpf", "bpf.source", "bpf.attach", "bpf.ring", "bpf.sys"),
          from(
              "agent.jfr",
              "agent.pump",
              "agent.kind",
              "agent.settings",
              "agent.threads",
              "events",
              "bpf",
              "bpf.source",
              "bpf.attach"),
          from("agent.recording", "agent.kind", "bpf.source"),
          from("agent.show", "agent.kind", "agent.recording"),
          from(
              "agent.live",
              "agent.show",
              "agent.pump",
              "agent.kind",
              "bpf",
              "bpf.source",
              "bpf.attach",
              "bpf.sys"),
          from("agent.attach", "agent", "agent.show", "agent.recording", "agent.kind", "bpf.sys"),
          from(
              "agent.doctor",
              "agent",
              "agent.attach",
              "agent.kind",
              "bpf",
              "bpf.source",
              "bpf.attach",
              "bpf.elf",
              "bpf.sys",
              "bpf.abi"),
          from("jmc.rules"),
          // What every JVM can load: it finds the others by name.
          from("agent.launch"),
          new Allowed("dev.kernelflight.agent.cli", List.of(ANYTHING)),
          new Allowed("dev.kernelflight.agent", List.of(ANYTHING)));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.kernelflight");

  /**
   * Names are relative to dev.kernelflight, each of one package without those below; a package may
   * always use itself.
   */
  private static Allowed from(String name, String... targets) {
    return new Allowed(
        "dev.kernelflight." + name,
        Stream.concat(Stream.of(name), Stream.of(targets))
            .map(target -> "dev.kernelflight." + target)
            .toList());
  }

  record Allowed(String source, List<String> targets) {
    @Override
    public String toString() {
      return source;
    }
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
