package dev.kernelflight.agent.threads;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.Carriers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With threads of this JVM, but memory and news of our own. */
class VirtualThreadsTest {
  private static final int TID = 17;
  private static final long CURRENT_ID = 0x7f0000001000L;

  private final List<Thread> running = new ArrayList<>();
  private final CountDownLatch woken = new CountDownLatch(1);
  private final VirtualThreads threads = new VirtualThreads(this::look, woken::countDown);
  private final MemorySegment kernel = MemorySegment.ofArray(new long[Carriers.BYTES / 8]);
  private final CountDownLatch end = new CountDownLatch(1);
  private Thread carrier = Thread.currentThread();

  private Runnable afterLook = () -> {};
  private int looks;

  private List<Thread> look() {
    looks++;
    List<Thread> found = List.copyOf(running);
    afterLook.run();
    return found;
  }

  @BeforeEach
  void findACarrier() throws InterruptedException {
    Thread.startVirtualThread(() -> {}).join();
    carrier =
        Thread.getAllStackTraces().keySet().stream()
            .filter(VirtualThreads::isCarrier)
            .findAny()
            .orElseThrow();
    threads.begin(new Carriers(kernel));
  }

  @AfterEach
  void endAll() {
    end.countDown();
  }

  private Thread start() {
    return Thread.startVirtualThread(() -> {
      try {
        end.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  private static Thread ended() throws InterruptedException {
    Thread thread = Thread.startVirtualThread(() -> {});
    thread.join();
    return thread;
  }

  private void assertKnown(Thread thread) {
    assertThat(threads.find(carrier, thread.threadId())).isSameAs(thread);
  }

  private void assertUnknown(Thread thread) {
    assertThat(threads.find(carrier, thread.threadId())).isSameAs(carrier);
  }

  @Test
  void aThreadIsKnownForAsLongAsItLives() {
    Thread thread = start();
    Thread another = start();
    threads.changed(thread);
    threads.changed(another);
    for (int i = 0; i < 10; i++) {
      threads.update();
      assertKnown(thread);
      assertKnown(another);
      assertKnown(thread);
      threads.drained();
    }
  }

  @Test
  void aThreadThatStartedAfterTheBatchBegan() {
    threads.update();
    Thread thread = start();
    threads.changed(thread);
    assertKnown(thread);
  }

  @Test
  void aThreadThatEndedIsKnownUntilItsRecordsWereRead() throws Exception {
    Thread thread = ended();
    threads.changed(thread);
    threads.changed(thread);
    threads.update();
    assertKnown(thread);
    threads.drained();
    assertUnknown(thread);
  }

  /** Its last records may come with the next batch. */
  @Test
  void anEndThatIsToldWhileRecordsAreRead() throws Exception {
    Thread thread = Thread.ofVirtual().unstarted(() -> {});
    threads.changed(thread);
    threads.update();
    assertKnown(thread);
    thread.start();
    thread.join();
    threads.changed(thread);
    assertUnknown(ended());
    threads.drained();
    assertKnown(thread);
    threads.update();
    assertKnown(thread);
    threads.drained();
    assertUnknown(thread);
  }

  @Test
  void aCarriersOwnCallsAreItsOwn() {
    Thread thread = start();
    threads.changed(thread);
    assertThat(threads.find(carrier, 0)).isSameAs(carrier);
    assertThat(threads.find(carrier, carrier.threadId())).isSameAs(carrier);
    assertThat(threads.find(carrier, Long.MAX_VALUE)).isSameAs(carrier);
  }

  @Test
  void whatTheKernelCouldNotReadIsNobodys() {
    assertThat(threads.find(carrier, VirtualThreads.UNREADABLE)).isNull();
    assertThat(threads.find(Thread.currentThread(), VirtualThreads.UNREADABLE))
        .isSameAs(Thread.currentThread());
  }

  /** The memory of a carrier that ended may hold any number. */
  @Test
  void whoIsNoCarrierRunsNoVirtualThread() {
    Thread thread = start();
    threads.changed(thread);
    assertThat(threads.find(Thread.currentThread(), thread.threadId()))
        .isSameAs(Thread.currentThread());
    assertThat(threads.find(null, thread.threadId())).isNull();
  }

  @Test
  void threadsThatRunAlreadyAreLookedForOnceAllOthersAreTold() {
    Thread thread = start();
    running.add(thread);
    threads.update();
    assertUnknown(thread);
    threads.expectNews();
    threads.update();
    assertKnown(thread);
  }

  /** It was in the middle of its start, which nobody told of, when the others were looked for. */
  @Test
  void aThreadThatComesAfterTheFirstLook() {
    threads.expectNews();
    threads.update();
    Thread thread = start();
    running.add(thread);
    assertKnown(thread);
  }

  /** While records were read already. */
  @Test
  void aThreadThatRanWhenNewsBegan() {
    threads.update();
    Thread thread = start();
    running.add(thread);
    assertUnknown(thread);
    threads.expectNews();
    assertKnown(thread);
  }

  /** Such as one that the JDK keeps in no list. */
  @Test
  void aThreadThatIsNotFoundIsNotLookedForWithoutEnd() {
    threads.expectNews();
    Thread thread = start();
    for (int i = 0; i < 100; i++) {
      threads.update();
      assertUnknown(thread);
      assertUnknown(thread);
    }
    assertThat(looks).isBetween(2, 30);
  }

  @Test
  void nothingIsKeptWhileNobodyAsks() {
    Thread before = start();
    threads.changed(before);
    threads.end();
    assertUnknown(before);
    Thread meanwhile = start();
    threads.changed(meanwhile);
    threads.begin(new Carriers(kernel));
    threads.update();
    assertUnknown(meanwhile);
    running.add(before);
    threads.expectNews();
    threads.update();
    assertKnown(before);
  }

  @Test
  void newsBeyondWhatIsKeptIsLookedFor() {
    Thread told = start();
    for (int i = 0; i < VirtualThreads.MOST_WAITING; i++) {
      threads.changed(told);
    }
    assertThat(woken.getCount()).as("whether to be woken").isZero();
    Thread dropped = start();
    threads.changed(dropped);
    running.add(dropped);
    threads.expectNews();
    threads.update();
    assertKnown(told);
    assertKnown(dropped);
    Thread later = start();
    threads.changed(later);
    assertKnown(later);
  }

  @Test
  void theKernelKnowsCarriersWhileThereAreRecords() {
    threads.carrierStarted(TID, carrier, CURRENT_ID);
    assertThat(kernel.get(JAVA_INT, TID * 16L)).isEqualTo(TID);
    assertThat(kernel.get(JAVA_LONG, TID * 16L + 8)).isEqualTo(CURRENT_ID);
    threads.end();
    threads.carrierStarted(TID + 1, carrier, CURRENT_ID + 1);
    assertThat(kernel.get(JAVA_INT, (TID + 1) * 16L)).isZero();
    MemorySegment next = MemorySegment.ofArray(new long[Carriers.BYTES / 8]);
    threads.begin(new Carriers(next));
    assertThat(next.get(JAVA_INT, TID * 16L)).isEqualTo(TID);
    assertThat(next.get(JAVA_INT, (TID + 1) * 16L)).isEqualTo(TID + 1);
  }

  @Test
  void aCarrierThatEndedGivesItsPlaceUp() throws Exception {
    Thread gone = new Thread(() -> {});
    threads.carrierStarted(TID, gone, CURRENT_ID);
    threads.carrierStarted(TID + Carriers.BYTES / 16, carrier, CURRENT_ID + 1);
    assertThat(kernel.get(JAVA_INT, TID * 16L)).isEqualTo(TID + Carriers.BYTES / 16);
  }

  /** It leaves the list of those that run before it tells of its end. */
  @Test
  void aThreadThatIsEndingWhileItIsLookedForIsKnown() throws InterruptedException {
    Thread ending = ended();
    afterLook = () -> threads.changed(ending);
    threads.expectNews();

    assertKnown(ending);
  }
}
