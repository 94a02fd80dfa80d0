package dev.kernelflight.bpf.program;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.sys.KernelException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VerifierExceptionTest {
  private final KernelException refusal = new KernelException("bpf(BPF_PROG_LOAD x)", 13);

  @Test
  void aShortLogIsShownWhole() {
    VerifierException e = new VerifierException(refusal, "0: (95) exit\n\nR0 !read_ok\n");
    assertThat(e)
        .hasMessage(
            """
            bpf(BPF_PROG_LOAD x): EACCES (permission denied); the verifier says:
              0: (95) exit
              R0 !read_ok\
            """);
  }

  @Test
  void ofALongLogTheEndIsShownAndTheRestCounted() {
    String log =
        IntStream.range(0, 1000).mapToObj(i -> "line " + i).collect(Collectors.joining("\n"));
    VerifierException e = new VerifierException(refusal, log);
    assertThat(e.getMessage().lines()).hasSize(25);
    assertThat(e)
        .hasMessageContaining("(976 lines before left out)")
        .hasMessageEndingWith("line 998\n  line 999")
        .hasMessageContaining("line 976\n");
    assertThat(e.getMessage()).doesNotContain("line 975\n");
    assertThat(e.log()).isEqualTo(log);
  }

  @Test
  void itsEaccesIsNotForWantOfPrivileges() {
    VerifierException e = new VerifierException(refusal, "R0 !read_ok");
    assertThat(refusal.isPermission()).isTrue();
    assertThat(e.errno()).isEqualTo(13);
    assertThat(e.isPermission()).isFalse();
  }
}
