package dev.kernelflight.agenttests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.AgentProcess.Finished;
import dev.kernelflight.agenttests.AgentProcess.Running;
import dev.kernelflight.agenttests.apps.Conductor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JFR ends the JVM when its disk is full: whoever records without a limit of size is told. */
@Tag("kernel")
@Tag("portable")
class FullDiskTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "maxage=1h | true",
        "maxage=1h,maxsize=10m | false",
        "maxage=1h,duration=1h | false",
        "settings=default | false"
      })
  void aRecordingWithoutALimitOfSize(String recording, boolean told) {
    KernelTracing.require();
    try (Running jvm =
        AgentProcess.of(Conductor.class).jvm("-XX:StartFlightRecording:" + recording).start()) {
      jvm.tell("open", "/dev/null");
      Finished doctor = AgentProcess.command("doctor", "--pid", jvm.pid()).run();
      assertThat(doctor.exitCode()).as(doctor.out()).isZero();
      assertThat(doctor.out())
          .containsPattern(told ? "\nwarn +disk +-XX:StartFlightRecording" : "\nok +disk +no ");
      Finished finished = jvm.end();
      assertThat(finished.messages()).as(finished.err()).isEqualTo(told ? 1 : 0);
      if (told) {
        assertThat(finished.err())
            .contains("recording \"1\" keeps the events of 1h without a limit of size", "maxsize");
      }
    }
  }
}
