package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.events.EventsLostEvent;
import dev.kernelflight.jmc.rules.KernelRule;
import dev.kernelflight.jmc.rules.LostEventsRule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.flightrecorder.rules.IResult;
import org.openjdk.jmc.flightrecorder.rules.Severity;

/** What the rule makes of numbers that are known, and of those that nobody counted. */
class LostEventsRuleTest {
  @TempDir Path temp;

  private IResult resultOf(Object... countsAndReasons) throws Exception {
    try (SyntheticRecording recording = new SyntheticRecording()) {
      for (int i = 0; i < countsAndReasons.length; i += 2) {
        EventsLostEvent lost = new EventsLostEvent();
        lost.count = (int) countsAndReasons[i];
        lost.reason = (String) countsAndReasons[i + 1];
        lost.commit();
      }
      return Recordings.result(LostEventsRule.class, recording.load(temp.resolve("recording.jfr")));
    }
  }

  private static List<String> culprits(IResult result) {
    return List.copyOf(result.getResult(KernelRule.CULPRITS));
  }

  @Test
  void whatNobodyCountedIsNoNumber() throws Exception {
    IResult result = resultOf(5, "full", -1, "refused", -1, "refused", 1, "full");
    assertThat(result.getSeverity()).isEqualTo(Severity.WARNING);
    assertThat(result.getSummary())
        .isEqualTo(
            "An unknown number of kernel events is missing from the recording, and 6 that were"
                + " counted.");
    assertThat(culprits(result)).containsExactly("refused", "6: full");
  }

  @Test
  void oneThatWasCountedAndOneThatWasNot() throws Exception {
    IResult result = resultOf(1, "full", -1, "refused");
    assertThat(result.getSeverity()).isEqualTo(Severity.WARNING);
    assertThat(result.getSummary()).startsWith("An unknown number").contains("1 that");
  }

  /** The agent's own, from the reasons; each once. */
  @Test
  void whatToDo() throws Exception {
    IResult result =
        resultOf(
            -1, "opens: EMFILE; what to do: raise it",
            -1, "calls: EMFILE; what to do: raise it",
            -1, "samples: other");
    assertThat(culprits(result))
        .containsExactly("calls: EMFILE", "opens: EMFILE", "samples: other");
    assertThat(result.getSolution()).startsWith("Raise it. The events kernel.EventsLost begin");
    assertThat(resultOf(-1, "samples: other").getSolution())
        .startsWith("The reasons say what was missing. The events");
  }

  @Test
  void allWereCounted() throws Exception {
    IResult result = resultOf(5, "full", 2, "other", 1, "full");
    assertThat(result.getSummary()).startsWith("8 kernel events are missing");
    assertThat(culprits(result)).containsExactly("6: full", "2: other");
  }
}
