package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import dev.kernelflight.agenttests.apps.Hello;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import jdk.jfr.Configuration;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings of recordings, and the files that hold them. */
class SettingsTest {
  @TempDir Path temp;

  private Path recording() {
    return temp.resolve("recording.jfr");
  }

  @Nested
  @Tag("kernel")
  @Tag("portable")
  @ExtendWith(AgainWhereSkipped.class)
  class InForce {
    @BeforeEach
    void kernel() {
      KernelTracing.require();
    }

    private List<String> opens(String... settings) {
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jvm.tell(Stream.concat(Stream.of("start", "r"), Arrays.stream(settings)).toArray());
        openAll(jvm);
        jvm.tell("stop", "r", recording());
        assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
      }
      return opened(recording());
    }

    private void openAll(Running jvm) {
      for (String path : List.of("/kfr/a/one.log", "/kfr/a/b/two.log", "/kfr/c/three.txt")) {
        jvm.tell("open", path);
      }
      jvm.tell("open", "/etc/passwd");
    }

    private List<String> opened(Path file) {
      return Recorded.in(file).opens().stream().map(open -> open.getString("path")).toList();
    }

    @Test
    void pathPrefixes() {
      assertThat(opens("kernel.FileOpen#path=/kfr/a/,/etc/pass"))
          .containsExactly("/kfr/a/one.log", "/kfr/a/b/two.log", "/etc/passwd");
    }

    /** What comes before the first wildcard the kernel compares, the rest the agent. */
    @Test
    void pathGlobs() {
      assertThat(opens("kernel.FileOpen#path=/kfr/*/*.log,/kfr/**/t????.txt"))
          .containsExactly("/kfr/a/one.log", "/kfr/c/three.txt");
      Recorded recorded = Recorded.in(recording());
      assertThat(recorded.filteredByAgent()).isEqualTo(1);
      assertThat(recorded.filteredByKernel()).isPositive();
    }

    @Test
    void globsOfAnyDirectory() {
      assertThat(opens("kernel.FileOpen#path=/kfr/**.log"))
          .containsExactly("/kfr/a/one.log", "/kfr/a/b/two.log");
    }

    /** More of them than the kernel compares, and longer. */
    @Test
    void manyAndLongPrefixes() {
      List<String> prefixes = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        prefixes.add("/none/" + i + "/".repeat(90));
      }
      prefixes.add("/kfr/c");
      assertThat(opens("kernel.FileOpen#path=" + String.join(",", prefixes)))
          .containsExactly("/kfr/c/three.txt");
    }

    @Test
    void failedOpensOnly() {
      assertThat(
              opens("kernel.FileOpen#errorsOnly=true", "kernel.FileOpen#path=/kfr/c,/etc/passwd"))
          .containsExactly("/kfr/c/three.txt");
    }

    @Test
    void prefixesAreComparedInTheKernel() {
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jvm.tell("start", "r", "kernel.FileOpen#path=/kfr/", Recorded.SYSCALL, Recorded.STATISTICS);
        jvm.tell("call", 5_000, "openat", -100, "text:/elsewhere", 0, 0);
        jvm.tell("call", 20, "openat", -100, "text:/kfr/x", 0, 0);
        jvm.tell("stop", "r", recording());
        assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
      }
      assertThat(opened(recording())).hasSize(20);
      assertThat(Recorded.in(recording()).drained()).isEqualTo(20);
      assertThat(Recorded.in(recording()).filteredByKernel()).isGreaterThanOrEqualTo(5_000);
      assertThat(Recorded.in(recording()).filteredByAgent()).isZero();
    }

    @Test
    void twoRecordingsHaveWhatEitherWants() {
      Path second = temp.resolve("second.jfr");
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jvm.tell("start", "first", "kernel.FileOpen#path=/kfr/a/b");
        openAll(jvm);
        jvm.tell("start", "second", "kernel.FileOpen#path=/kfr/c");
        openAll(jvm);
        jvm.tell("stop", "first", recording());
        jvm.tell("stop", "second", second);
        assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
      }
      assertThat(opened(recording()))
          .containsExactly("/kfr/a/b/two.log", "/kfr/a/b/two.log", "/kfr/c/three.txt");
      assertThat(opened(second)).startsWith("/kfr/a/b/two.log", "/kfr/c/three.txt");
    }

    private void jcmd(Running jvm, String... arguments) throws Exception {
      List<String> command = new ArrayList<>();
      command.add(AgentProcess.java().resolveSibling("jcmd").toString());
      command.add(Long.toString(jvm.pid()));
      command.addAll(List.of(arguments));
      File out = temp.resolve("jcmd").toFile();
      int exitCode =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(out)
              .start()
              .waitFor();
      assertThat(exitCode).as(() -> String.join(" ", command) + read(out)).isZero();
    }

    private String read(File file) {
      try {
        return Files.readString(file.toPath());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Each recording that starts asks for more, and the last for a threshold that none reaches. */
    @Test
    void jcmdStartsRecordingsWithSettings() throws Exception {
      Path second = temp.resolve("second.jfr");
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jcmd(
            jvm,
            "JFR.start",
            "name=first",
            "+kernel.Syscall#enabled=true",
            "+kernel.Syscall#threshold=1h",
            "+kernel.Syscall#syscalls=getppid");
        jvm.tell("call", 10, "getppid");
        jcmd(jvm, "JFR.configure", "globalbuffersize=8M");
        jcmd(
            jvm,
            "JFR.start",
            "name=second",
            "+kernel.Syscall#enabled=true",
            "+kernel.Syscall#threshold=0ns",
            "+kernel.Syscall#syscalls='close,getppid'");
        jvm.tell("call", 20, "getppid");
        jvm.tell("call", 3, "close", -1);
        jcmd(jvm, "JFR.stop", "name=second", "filename=" + second);
        jcmd(jvm, "JFR.stop", "name=first", "filename=" + recording());
        assertThat(jvm.end().exitCode()).isEqualTo(3);
      }
      for (Path file : List.of(recording(), second)) {
        Recorded recorded = Recorded.in(file);
        assertThat(recorded.syscalls("getppid")).as(file + "").hasSize(20);
        assertThat(recorded.syscalls("close"))
            .filteredOn(close -> close.getLong("argument1") == -1)
            .hasSize(3);
      }
      assertThat(Recorded.in(recording()).filteredByKernel()).isGreaterThanOrEqualTo(10);
    }

    /** As Mission Control does it. */
    @Test
    void theManagementBeanChangesARunningRecording() {
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jvm.tell("start", "r", "kernel.Syscall#threshold=0ns", "kernel.Syscall#syscalls=getppid");
        jvm.tell("call", 10, "getppid");
        jvm.tell("set-by-bean", "r", "kernel.Syscall#syscalls=tgkill");
        jvm.tell("await-settings");
        jvm.tell("call", 20, "getppid");
        jvm.tell("call", 3, "tgkill", -1, -1, 0);
        jvm.tell("stop", "r", recording());
        assertThat(jvm.end()).isEqualTo(new Finished(3, "", ""));
      }
      Recorded recorded = Recorded.in(recording());
      assertThat(recorded.syscalls("getppid")).hasSize(10);
      assertThat(recorded.syscalls("tgkill")).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = ';',
        value = {
          "kernel.Syscall#syscalls; getppid; fsink; \"fsink\" is no system call of this architecture,"
              + " and no group: those are all, descriptor, file, ipc, memory, network, process",
          "kernel.Syscall#errorsOnly; false; perhaps; expected true or false",
          "kernel.Syscall#threshold; 0ns; soon; expected a time such as 20 ms",
          "kernel.FileOpen#threshold; 1ms; -5ms; expected a time such as 20 ms",
          "kernel.FileOpen#enabled; false; perhaps; expected true or false",
          "kernel.SyscallStatistics#period; 1s; often; expected a time such as 20 ms",
          "kernel.FileOpen#errorsOnly; true; 1; expected true or false",
          "kernel.SyscallStatistics#byThread; false; yes; expected true or false"
        })
    void aWrongValueIsNamedOnceAndTheLastGoodOneStays(
        String setting, String good, String bad, String expected) {
      Finished finished;
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jvm.tell("start", "r", setting + "=" + good, "kernel.Syscall#threshold=0ns");
        jvm.tell("set", "r", setting + "=" + bad);
        jvm.tell("await-settings");
        jvm.tell("call", 10, "getppid");
        jvm.tell("stop", "r", recording());
        finished = jvm.end();
      }
      assertThat(finished.messages()).as(finished.err()).isEqualTo(1);
      assertThat(finished.err())
          .contains("the setting " + setting + "=" + bad + " is wrong: " + expected)
          .endsWith("Instead \"" + good + "\" is in force.\n");
      assertThat(Recorded.in(recording()).syscalls("getppid")).hasSize(10);
    }

    @Test
    void aWrongValueFromTheStart() {
      Finished finished;
      try (Running jvm = AgentProcess.of(Conductor.class).start()) {
        jvm.tell("start", "r", "kernel.Syscall#syscalls=,", "kernel.Syscall#threshold=0ns");
        jvm.tell("call", 10, "getppid");
        jvm.tell("stop", "r", recording());
        finished = jvm.end();
      }
      assertThat(finished.messages()).as(finished.err()).isEqualTo(1);
      assertThat(finished.err()).endsWith("Instead \"all\" is in force.\n");
      assertThat(Recorded.in(recording()).syscalls("getppid")).hasSize(10);
    }

    /** Both ways in which JFR takes several files. */
    @ParameterizedTest
    @CsvSource(
        delimiter = ';',
        value = {"settings=profile,settings=%s", "settings=%s,settings=profile"})
    void aFileBesideTheJdksOwn(String option) throws Exception {
      Path file = temp.resolve("kernel-profile.jfc");
      assertThat(settings("--profile", file.toString()).exitCode()).isZero();
      Finished finished =
          AgentProcess.of(Hello.class, "you")
              .jvm(
                  "-XX:StartFlightRecording:"
                      + String.format(option, file)
                      + ",filename="
                      + recording())
              .run();
      assertThat(finished).isEqualTo(new Finished(0, "Hello, you \u00e4\u20ac\n", ""));
      Recorded recorded = Recorded.in(recording());
      assertThat(recorded.named("jdk.ActiveSetting"))
          .extracting(
              (RecordedEvent event) -> event.getString("name") + "=" + event.getString("value"))
          .contains("byThread=true", "threshold=5 ms", "syscalls=all", "threshold=0 ns");
      assertThat(recorded.named(Recorded.STATISTICS))
          .isNotEmpty()
          .allSatisfy(event -> assertThat(event.getInt("osThreadId")).isPositive());
    }
  }

  private static Finished settings(Object... arguments) {
    return AgentCommand.run(Stream.concat(Stream.of("settings"), Stream.of(arguments)).toArray());
  }

  private static Configuration configuration(Path file) throws IOException {
    try {
      return Configuration.create(file);
    } catch (java.text.ParseException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Tag("jar")
  void writesAFileThatJfrReads() throws Exception {
    Path file = temp.resolve("kernel-default.jfc");
    assertThat(settings(file.toString())).isEqualTo(new Finished(0, "", ""));
    Configuration configuration = configuration(file);
    assertThat(configuration.getLabel()).isEqualTo("Kernel");
    assertThat(configuration.getSettings())
        .containsEntry("kernel.Syscall#threshold", "20 ms")
        .containsEntry("kernel.Syscall#syscalls", "all")
        .containsEntry("kernel.SyscallStatistics#byThread", "false")
        .containsEntry("kernel.SyscallStatistics#period", "10 s");

    assertThat(settings()).isEqualTo(new Finished(0, Files.readString(file), ""));
  }

  @Test
  void replacesAFileOnlyWhereThatIsAskedFor() throws Exception {
    Path file = Files.writeString(temp.resolve("kernel-profile.jfc"), "mine");
    Finished refused = settings("--profile", file.toString());
    assertThat(refused).isEqualTo(new Finished(1, "", file + " exists; --force replaces it\n"));
    assertThat(file).hasContent("mine");
    assertThat(settings("--profile", "--force", file.toString()).exitCode()).isZero();
    assertThat(configuration(file).getSettings())
        .containsEntry("kernel.Syscall#threshold", "5 ms")
        .containsEntry("kernel.SyscallStatistics#byThread", "true");
  }

  @Test
  void saysWhyAFileCannotBeWritten() throws Exception {
    Path file = temp.resolve("missing").resolve("x.jfc");
    Finished refused = settings(file.toString());
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).startsWith("cannot write " + file + ": ").doesNotContain("\tat ");
  }
}
