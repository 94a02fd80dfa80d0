package dev.kernelflight.agenttests;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Hello;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command report: the rules of the Mission Control plug-in as they are in the packaged agent.
 */
@Tag("kernel")
@Tag("portable")
class ReportCommandTest {
  /** A name that would be a script if it were not escaped. */
  private static final String NASTY = "/kfr/<script>alert('&')</script>\"";

  private static final String REPEATED = "KernelRepeatedOpens";

  @TempDir static Path temp;
  private static Path healthy = Path.of("");
  private static Path sick = Path.of("");

  @BeforeAll
  static void record() throws Exception {
    KernelTracing.require();
    healthy = temp.resolve("healthy.jfr");
    sick = temp.resolve("sick.jfr");
    Path directory = Files.createDirectories(Path.of(temp + NASTY).getParent());
    Path opened = Files.writeString(directory.resolve(Path.of(NASTY).getFileName()), "x");
    try (Running jvm = AgentProcess.of(Conductor.class).start()) {
      jvm.tell("start", "healthy");
      jvm.tell("open", opened);
      jvm.tell("stop", "healthy", healthy);
      jvm.tell("start", "sick");
      for (int i = 0; i < 3_000; i++) {
        jvm.tell("open", opened);
      }
      jvm.tell("stop", "sick", sick);
      jvm.end();
    }
  }

  private static Finished report(Object... arguments) {
    return AgentCommand.run(Stream.concat(Stream.of("report"), Stream.of(arguments)).toArray());
  }

  private static Map<String, JsonObject> results(Path recording) throws Exception {
    Finished finished = report(recording, "--json");
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    Map<String, JsonObject> results = new TreeMap<>();
    for (String line : finished.out().lines().toList()) {
      JsonObject result = JsonParser.object().from(line);
      results.put(result.getString("id"), result);
    }
    return results;
  }

  @Test
  @Tag("jar")
  void namesTheDiseaseAndItsCulprit() throws Exception {
    JsonObject result = requireNonNull(results(sick).get(REPEATED));
    assertThat(result.getString("severity")).isEqualTo("warning");
    assertThat(result.getDouble("score")).isGreaterThanOrEqualTo(75);
    assertThat(result.getString("summary")).contains(NASTY);
    assertThat(result.getString("explanation")).isNotBlank().doesNotContain("{", "}");
    assertThat(result.getString("solution")).isNotBlank();
    assertThat(result.getArray("culprits").getString(0)).contains(NASTY, "main");
  }

  @Test
  void findsNothingWhereNothingIs() throws Exception {
    Map<String, JsonObject> results = results(healthy);
    // those of the plug-in, and all of them
    assertThat(results).containsKeys(REPEATED, "KernelLostEvents").hasSizeGreaterThan(5);
    assertThat(results.values())
        .noneMatch(result -> result.getString("severity").equals("warning"))
        .noneMatch(result -> result.getString("severity").equals("failed"));
    assertThat(requireNonNull(results.get(REPEATED)).getString("severity")).isEqualTo("ok");
  }

  @Test
  void theWorstIsFirst() {
    Finished finished = report(sick);
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out())
        .matches("(?s)WARNING \\d+: Files Opened Again and Again\n.*")
        .contains("  What to do: ")
        .containsPattern("\nOK \\d+: .+\n  .+\n");
    assertThat(finished.out().lines().toList().getLast())
        .matches("\\d+ rules: \\d+ warning, .*\\d+ ok.*");
  }

  @Test
  void exitsForABuild() {
    assertThat(report(sick, "--fail-on", "warning").exitCode()).isEqualTo(3);
    assertThat(report(sick, "--fail-on", "information").exitCode()).isEqualTo(3);
    assertThat(report(healthy, "--fail-on", "warning").exitCode()).isZero();
  }

  /** What were not escaped would make other elements. */
  @Test
  @Tag("jar")
  void aPageThatNeedsNothingElse() throws Exception {
    Path page = temp.resolve("report.html");
    Finished finished = report(sick, "--html", page);
    assertThat(finished.err()).isEmpty();
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out()).startsWith("WARNING ");
    String html = Files.readString(page);
    assertThat(html)
        .startsWith("<!DOCTYPE html>")
        .contains("default-src 'none'", "prefers-color-scheme: dark")
        .contains("Files Opened Again and Again", "<strong>What to do:</strong>")
        .contains("/kfr/&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;&#34;")
        .doesNotContain("<script", "http://", "https://", "url(", "@import");
    Matcher tags = Pattern.compile("<[^a-zA-Z]?([a-zA-Z0-9]*)").matcher(html);
    assertThat(tags.results().map(tag -> tag.group(1)).collect(Collectors.toSet()))
        .isEqualTo(
            Set.of(
                "DOCTYPE", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p",
                "section", "span", "ul", "li", "strong"));
  }

  @Test
  void aPageThatCannotBeWritten() throws Exception {
    Path missing = temp.resolve("missing").resolve("report.html");
    Finished finished = report(healthy, "--html", missing);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err()).startsWith("report: cannot write " + missing).hasLineCount(1);

    byte[] before = Files.readAllBytes(healthy);
    finished = report(healthy, "--html", healthy);
    assertThat(finished.exitCode()).isEqualTo(2);
    assertThat(finished.err()).contains("would overwrite the recording");
    assertThat(healthy).hasBinaryContent(before);

    // in a directory that others may write somebody put it there
    Path secret = Files.writeString(temp.resolve("secret"), "secret");
    Path link = Files.createSymbolicLink(temp.resolve("link.html"), secret);
    finished = report(healthy, "--html", link);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.err()).contains("it is a link; name the file itself").hasLineCount(1);
    assertThat(secret).hasContent("secret");
  }

  /** As print does it: else these are most of what opens files in a short recording. */
  @Test
  void jfrsOwnReadsAreNotCounted() throws Exception {
    Path whole = temp.resolve("jfrs-own.jfr");
    try (Running jvm = AgentProcess.of(Conductor.class).recordingTo(whole).start()) {
      for (int i = 0; i < 3; i++) {
        jvm.tell("start", "r", "jdk.CPULoad#period=20ms");
        jvm.tell("await-settings");
        jvm.tell("stop", "r", temp.resolve("chunk.jfr"));
      }
      jvm.end();
    }
    String left = "(\\d+) opens by JFR itself";
    Matcher printed =
        Pattern.compile(left).matcher(AgentCommand.run("print", whole, "-e", "opens").out());
    assertThat(printed.find()).isTrue();
    assertThat(report(whole).out().lines().toList().getLast())
        .endsWith("; not counted: " + printed.group());
    // a rule that would name them if it saw them; compilers read /proc/meminfo, too
    JsonObject opens = requireNonNull(results(whole).get(REPEATED));
    assertThat(opens.getString("summary")).doesNotContainPattern("/proc/\\d+/");
  }

  /** As the agent says it on standard error. */
  @Test
  void whatToDoWhereNothingWasTraced() throws Exception {
    Path file = temp.resolve("refused.jfr");
    Finished agent =
        AgentProcess.of(Hello.class)
            .recordingTo(file)
            .under(AgentProcess.restricted(List.of("seccomp", "bpf", "1")))
            .run();
    String advice = "llow it in the container's seccomp profile (systemd: SystemCallFilter)";
    assertThat(agent.err()).contains(advice);
    assertThat(report(file).out())
        .contains("An unknown number of kernel events is missing")
        .containsPattern("What to do: .*" + Pattern.quote(advice));
  }

  @Test
  void badRecordings() throws Exception {
    Path missing = temp.resolve("missing.jfr");
    assertThat(report(missing))
        .isEqualTo(new Finished(1, "", "report: there is no file " + missing + "\n"));
    Path truncated =
        Files.write(
            temp.resolve("truncated.jfr"), Arrays.copyOf(Files.readAllBytes(healthy), 50_000));
    assertThat(report(truncated).exitCode()).isEqualTo(1);
    assertThat(report(truncated).err()).contains("it is truncated").hasLineCount(1);

    Path without = temp.resolve("without.jfr");
    AgentProcess.of(Hello.class).withoutAgent().recordingTo(without).run();
    Finished finished = report(without);
    assertThat(finished.exitCode()).isEqualTo(1);
    assertThat(finished.out()).isEmpty();
    assertThat(finished.err()).contains("holds no kernel event").hasLineCount(1);
  }

  @Test
  void help() {
    Finished finished = report("--help");
    assertThat(finished.exitCode()).isZero();
    assertThat(finished.out())
        .contains("--html", "--json", "--fail-on")
        .contains("3   with --fail-on");
    assertThat(report(healthy, "--fail-on", "ok").exitCode()).isEqualTo(2);
  }
}
