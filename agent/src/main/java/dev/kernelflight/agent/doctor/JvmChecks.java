package dev.kernelflight.agent.doctor;

import dev.kernelflight.agent.FlightRecorderOffException;
import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.attach.Attachability;
import dev.kernelflight.agent.attach.JvmProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a JVM must have for the agent: this one, or another as /proc shows it. */
public final class JvmChecks {
  private static final int LEAST_JAVA = 21;
  private static final String JFR = "jdk.jfr";

  private JvmChecks() {}

  /** Of the JVM that runs this. */
  public static List<Check> ofThisOne() {
    List<Check> checks = new ArrayList<>();
    checks.add(java(System.getProperty("java.version", "")));
    checks.add(jfr(ModuleLayer.boot().findModule(JFR).isEmpty(), false));
    checks.add(
        Check.ok(
            "native-access",
            "the application's JVM must allow it: --enable-native-access=ALL-UNNAMED"));
    return checks;
  }

  /** Of another one. */
  public static List<Check> of(JvmProcess jvm) {
    List<Check> checks = new ArrayList<>();
    checks.add(
        jvm.javaVersion()
            .map(JvmChecks::java)
            .orElseGet(() ->
                Check.warn(
                    "java",
                    "version unknown: its runtime has no file release",
                    "it must be " + LEAST_JAVA + " or newer")));
    checks.add(jfr(jvm.lacksModule(JFR), !jvm.flag("FlightRecorder", true)));
    checks.add(nativeAccess(jvm));
    checks.add(loading(jvm));
    checks.add(disk(jvm));
    return checks;
  }

  private static Check java(String version) {
    return JvmProcess.feature(version).orElse(LEAST_JAVA) < LEAST_JAVA
        ? Check.fail("java", "Java " + version, "the agent needs " + LEAST_JAVA + " or newer")
        : Check.ok("java", "Java " + version);
  }

  private static Check jfr(boolean lacking, boolean off) {
    if (off) {
      Hindrance why = FlightRecorderOffException.WHY;
      return Check.fail("jfr", why.what(), why.remedy());
    }
    return lacking
        ? Check.fail("jfr", "no JDK Flight Recorder", "use a runtime with the module " + JFR)
        : Check.ok("jfr", "JDK Flight Recorder is there");
  }

  private static Check nativeAccess(JvmProcess jvm) {
    String advice =
        "start it with --enable-native-access=ALL-UNNAMED (on the command line or in"
            + " JDK_JAVA_OPTIONS)";
    if (jvm.deniesNativeAccess()) {
      return Check.fail("native-access", "denied: --illegal-native-access=deny", advice);
    }
    Optional<String> launcher = jvm.otherLauncher();
    if (launcher.isPresent()) {
      return Check.warn(
          "native-access",
          "its options are not to be seen: " + launcher.get() + " started it, and not java",
          "have that give --enable-native-access=ALL-UNNAMED to it");
    }
    return jvm.allowsNativeAccess()
        ? Check.ok("native-access", "--enable-native-access=ALL-UNNAMED")
        : Check.warn("native-access", "not granted: Java 24 and newer print a warning", advice);
  }

  private static Check loading(JvmProcess jvm) {
    if (jvm.agent().isPresent()) {
      return Check.ok("loading", "has " + jvm.agent().get());
    }
    return Attachability.hindrance(jvm)
        .map(hindrance -> Check.fail("loading", hindrance.what(), hindrance.remedy()))
        .orElseGet(() -> Check.ok("loading", "attach can load the agent"));
  }

  /** JFR limits a recording without an end to 250 MB by itself, but not one that has a maxage. */
  private static Check disk(JvmProcess jvm) {
    for (String option : jvm.options()) {
      if (option.startsWith("-XX:StartFlightRecording")
          && option.contains("maxage=")
          && !option.contains("maxsize=")
          && !option.contains("duration=")) {
        return Check.warn(
            "disk",
            option + " limits no size, and JFR ends the JVM when its disk is full",
            "add maxsize, such as maxsize=500m");
      }
    }
    return Check.ok("disk", "no recording of the command line is without a limit of size");
  }
}
