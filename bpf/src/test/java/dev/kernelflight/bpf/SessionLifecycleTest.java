package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelObjects;
import dev.kernelflight.bpf.sys.KernelObjects.Kind;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nothing of a session outlives it. */
@KernelTest
class SessionLifecycleTest {
  private static Session open(Buffer buffer, Epoll epoll) throws Exception {
    Session session =
        LocalSession.open(
            new Options(Optional.empty(), buffer, 16), CurrentProcess.threadId(), epoll);
    session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
    return session;
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void closingTakesEverythingOutOfTheKernel(Buffer buffer) throws Exception {
    Set<KernelObjects.Id> before = KernelObjects.held();
    Set<KernelObjects.Id> while_;
    try (Epoll epoll = new Epoll()) {
      try (Session session = open(buffer, epoll)) {
        while_ = KernelObjects.held();
        assertThat(session.transport().description()).contains("pages");
      }
    }
    while_.removeAll(before);
    assertThat(while_).extracting(KernelObjects.Id::kind).contains(Kind.PROGRAM, Kind.MAP);
    assertThat(KernelObjects.held()).isEqualTo(before);
    // the kernel itself takes its time after the last descriptor is closed
    for (KernelObjects.Id id : while_) {
      while (id.exists()) {
        Thread.sleep(10);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void noDescriptorOrMappingIsLeft(Buffer buffer) throws Exception {
    List<String> before = KernelObjects.anonymous();
    for (int i = 0; i < 20; i++) {
      try (Epoll epoll = new Epoll();
          Session session = open(buffer, epoll)) {
        assertThat(session.counters()).isNotEmpty();
        assertThat(KernelObjects.anonymous()).hasSizeGreaterThan(before.size());
      }
    }
    assertThat(KernelObjects.anonymous()).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource
  void closingTwiceIsHarmlessAndUsingItAfterwardsIsNoCrash(Buffer buffer) throws Exception {
    try (Epoll epoll = new Epoll()) {
      Session session = open(buffer, epoll);
      session.close();
      session.close();
      assertThatThrownBy(() -> session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL)))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(session::counters).isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theDescriptionSaysHowLargeTheBuffersAre(Buffer buffer) throws Exception {
    try (Epoll epoll = new Epoll();
        Session session = open(buffer, epoll)) {
      assertThat(session.transport().description())
          .matches(
              buffer != Buffer.RING
                  ? "perf buffers of 16 pages on \\d+ CPUs"
                  : "ring buffer of \\d+ pages");
    }
  }

  /** A failure half way must close what was opened before. */
  @ParameterizedTest
  @EnumSource
  void whatWasOpenedBeforeAFailureIsClosed(Buffer buffer) throws Exception {
    List<String> before = KernelObjects.anonymous();
    Epoll closed = new Epoll();
    closed.close();
    assertThatThrownBy(() -> open(buffer, closed)).isInstanceOf(IllegalStateException.class);
    assertThat(KernelObjects.anonymous()).isEqualTo(before);
  }
}
