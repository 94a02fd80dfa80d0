package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess;
import dev.kernelflight.agenttests.KernelTracing;
import dev.kernelflight.agenttests.apps.Loop;
import dev.kernelflight.jmc.rules.ExpensiveHookRule;
import dev.kernelflight.jmc.rules.FailedOpensRule;
import dev.kernelflight.jmc.rules.KernelCpuRule;
import dev.kernelflight.jmc.rules.KernelRule;
import dev.kernelflight.jmc.rules.KernelWorkInGcRule;
import dev.kernelflight.jmc.rules.LeakedDescriptorsRule;
import dev.kernelflight.jmc.rules.LostEventsRule;
import dev.kernelflight.jmc.rules.ManySmallCallsRule;
import dev.kernelflight.jmc.rules.RepeatedOpensRule;
import dev.kernelflight.jmc.rules.SlowOpensRule;
import dev.kernelflight.jmc.rules.SlowSystemCallsRule;
import dev.kernelflight.jmc.tests.apps.FailedOpens;
import dev.kernelflight.jmc.tests.apps.GarbageCollection;
import dev.kernelflight.jmc.tests.apps.Healthy;
import dev.kernelflight.jmc.tests.apps.KernelCpu;
import dev.kernelflight.jmc.tests.apps.LeakedFiles;
import dev.kernelflight.jmc.tests.apps.LockContention;
import dev.kernelflight.jmc.tests.apps.PlainRecording;
import dev.kernelflight.jmc.tests.apps.RepeatedOpens;
import dev.kernelflight.jmc.tests.apps.SlowConnect;
import dev.kernelflight.jmc.tests.apps.SlowOpen;
import dev.kernelflight.jmc.tests.apps.SmallReads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.ItemFilters;
import org.openjdk.jmc.flightrecorder.rules.IResult;
import org.openjdk.jmc.flightrecorder.rules.Severity;

/** Each disease is found by its rule, with what is to blame; a healthy application has none. */
@Tag("kernel")
class RulesTest {
  @TempDir Path temp;

  @BeforeAll
  static void kernel() {
    KernelTracing.require();
  }

  @Test
  void ofAHealthyApplicationNothingIsMoreThanAnInformation() {
    List<IResult> results = Recordings.results(record("", Healthy.class, temp));
    assertThat(results)
        .hasSize(10)
        .allSatisfy(result ->
            assertThat(result.getSeverity())
                .as(result.getRule().getId() + ": " + result.getSummary())
                .isNotEqualTo(Severity.WARNING));
    // CPU samples are off as a rule; everything else was looked at
    assertThat(results)
        .filteredOn(result -> result.getSeverity() == Severity.NA)
        .extracting(result -> result.getRule().getId())
        .containsExactly("KernelCpu");
  }

  @Test
  void theSameFileAgainAndAgain() throws IOException {
    Path file = file("configuration");
    IItemCollection items =
        record(",jdk.FileRead#threshold=0ns,jdk.FileRead#throttle=off", RepeatedOpens.class, file);
    assertWarning(
        RepeatedOpensRule.class,
        items,
        file + ": 3,000 opens",
        "main",
        "RepeatedOpens.configuration");
  }

  @Test
  void aStormOfFailedOpens() {
    IItemCollection items = record("", FailedOpens.class, temp, "app.properties");
    IResult result =
        assertWarning(
            FailedOpensRule.class,
            items,
            "app.properties: 2,000 failed opens in 20 directories",
            "main");
    assertThat(culprits(result)).anyMatch(culprit -> culprit.contains(temp + "/place-"));
    assertThat(result.getExplanation()).contains("configuration");
  }

  @Test
  void aSlowOpen() {
    Path fifo = temp.resolve("fifo");
    IItemCollection items = record("", SlowOpen.class, fifo);
    assertWarning(SlowOpensRule.class, items, fifo.toString(), "main");
  }

  @Test
  void aSlowConnect() {
    IItemCollection items = record("", SlowConnect.class);
    IResult result =
        assertWarning(
            SlowSystemCallsRule.class, items, "connect ", "127.0.0.1", "SlowConnect.connect");
    assertThat(result.getSolution()).contains("connect timeout");
  }

  @Test
  void aLockThatIsHeldForLong() {
    IItemCollection items = record("", LockContention.class);
    assertWarning(
        SlowSystemCallsRule.class,
        items,
        "futex for a lock of " + LockContention.class.getName() + "$Account",
        "LockContention$Account.pay");
  }

  @Test
  void manySmallReads() {
    IItemCollection items =
        record(",+kernel.SyscallStatistics#period=1s", SmallReads.class, temp.resolve("zeroes"));
    assertWarning(ManySmallCallsRule.class, items, "read: ", " calls in ");
  }

  @Test
  void filesThatStayOpen() throws IOException {
    IItemCollection items = record("", LeakedFiles.class, file("leaked"), file("closed"));
    IResult result = assertWarning(LeakedDescriptorsRule.class, items, temp + "/leaked", "by main");
    assertThat(culprits(result).get(0)).doesNotContain("closed");
  }

  /** The collector writes its log to a pipe that is read slowly. */
  @Test
  void kernelWorkInPausesOfTheCollector() {
    String slowly =
        "\"$@\" | while IFS= read -r line; do"
            + " n=$((n + 1)); [ $((n % 1500)) -ne 0 ] || sleep 0.5; done";
    Path file = temp.resolve("recording.jfr");
    Recordings.recorded(file, "", GarbageCollection.class)
        .jvm("-XX:+UseG1GC", "-Xlog:gc*=trace:stdout")
        .under(List.of("sh", "-c", slowly, "sh"))
        .run();
    assertWarning(KernelWorkInGcRule.class, Recordings.load(file), "write pipe:", "pauses");
  }

  @Test
  void lostEvents() {
    Path file = temp.resolve("recording.jfr");
    String path = "/no/such/directory".repeat(200);
    // the smallest buffers, and a draining thread that hardly ever runs
    AgentProcess.of(Loop.class, path, 4, 10_000, file, AgentProcess.THREAD, 1)
        .agent("buffer=perf,pages=16")
        .run();
    IResult result =
        assertWarning(LostEventsRule.class, Recordings.load(file), "the buffer was full");
    assertThat(result.getSolution()).contains("The buffers had 16 pages", "pages=64");
  }

  @Test
  void nothingLostInARecordingThatTellsNoSettings() {
    Path file = temp.resolve("recording.jfr");
    AgentProcess.of(PlainRecording.class, file).run();
    IItemCollection items = Recordings.load(file);
    assertThat(items.apply(ItemFilters.type("jdk.ActiveSetting")).hasItems()).isFalse();
    IResult result = Recordings.result(LostEventsRule.class, items);
    assertThat(result.getSummary()).isEqualTo("No kernel event was lost.");
    assertThat(result.getSeverity()).isEqualTo(Severity.OK);
  }

  @Test
  void anExpensiveHookThatWasAskedFor() {
    Path file = temp.resolve("recording.jfr");
    Recordings.recorded(file, "", Healthy.class, temp).agent("attach=tracepoint").run();
    IResult result = Recordings.result(ExpensiveHookRule.class, Recordings.load(file));
    assertThat(result.getSeverity()).isEqualTo(Severity.INFO);
    assertThat(result.getSummary()).contains("tracepoints of all system calls", "a second");
    assertThat(result.getSolution()).contains("leave out attach=tracepoint");
  }

  @Test
  void processorTimeInTheKernel() {
    IItemCollection items = record(",+kernel.CpuSample#enabled=true", KernelCpu.class);
    IResult result = assertWarning(KernelCpuRule.class, items, " samples, by main");
    assertThat(result.getSummary()).contains("of the processor time was spent in the kernel");
  }

  private IItemCollection record(String settings, Class<?> main, Object... arguments) {
    return Recordings.record(temp.resolve("recording.jfr"), settings, main, arguments);
  }

  private Path file(String name) throws IOException {
    return Files.writeString(temp.resolve(name), "content");
  }

  /** A warning whose worst culprit is described by all of these texts. */
  private static IResult assertWarning(
      Class<? extends KernelRule> rule, IItemCollection items, String... culprit) {
    IResult result = Recordings.result(rule, items);
    assertThat(result.getSeverity()).as(result.getSummary()).isEqualTo(Severity.WARNING);
    assertThat(culprits(result)).isNotEmpty();
    assertThat(culprits(result).get(0)).contains(culprit);
    assertThat(result.getExplanation()).isNotBlank();
    assertThat(result.getSolution()).isNotBlank();
    return result;
  }

  private static List<String> culprits(IResult result) {
    return List.copyOf(result.getResult(KernelRule.CULPRITS));
  }
}
