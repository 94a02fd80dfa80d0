package dev.kernelflight.agent.recording;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What nobody counted, which the events tell as -1, is no number. */
class LossesTest {
  private static Losses of(long... counts) {
    Losses losses = new Losses();
    LongStream.of(counts).forEach(losses::add);
    return losses;
  }

  @Test
  void numbers() {
    assertThat(of().any()).isFalse();
    assertThat(of().number()).isEqualTo("0");
    assertThat(of(0).any()).isFalse();
    assertThat(of(5, 3).number()).isEqualTo("8");
    assertThat(of(5, 3).any()).isTrue();
  }

  @Test
  void unknownNumbers() {
    assertThat(of(-1).any()).isTrue();
    assertThat(of(-1, -1).number()).isEqualTo("an unknown number");
    assertThat(of(1, -1).any()).isTrue();
    assertThat(of(1, -1, 7).number()).isEqualTo("8 and an unknown number");
  }
}
