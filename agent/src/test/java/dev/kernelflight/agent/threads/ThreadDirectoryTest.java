package dev.kernelflight.agent.threads;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ThreadDirectoryTest {
  private static final long SECOND = 1_000_000_000L;

  private long now = 1000 * SECOND;
  private final CountDownLatch end = new CountDownLatch(1);
  private final Map<Thread, Integer> running = new HashMap<>();
  private int woken;
  private final ThreadDirectory directory =
      new ThreadDirectory(
          this::look, thread -> running.getOrDefault(thread, -1), () -> now, () -> woken++);
  private int looks;

  private Thread[] look() {
    looks++;
    return running.keySet().toArray(new Thread[0]);
  }

  @AfterEach
  void endAll() {
    end.countDown();
  }

  /** A thread that lives until the test ends. */
  private Thread living() {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                end.await();
              } catch (InterruptedException e) {
                // that is an end too
              }
            });
    return thread;
  }

  private static Thread ended() throws InterruptedException {
    Thread thread = new Thread(() -> {});
    thread.start();
    thread.join();
    return thread;
  }

  @Test
  void aThreadThatRuns() {
    Thread thread = living();
    running.put(thread, 7);
    assertThat(directory.find(7, now)).isSameAs(thread);
    assertThat(directory.find(8, now)).isNull();
  }

  @Test
  void aThreadThatSaysThatItStarts() {
    Thread thread = living();
    directory.started(7, thread);
    directory.update();
    assertThat(directory.find(7, now)).isSameAs(thread);
    assertThat(looks).isZero();
  }

  @Test
  void aStartThatNobodyHasTakenInYet() {
    Thread thread = living();
    directory.started(7, thread);
    assertThat(directory.find(7, now)).isSameAs(thread);
  }

  @Test
  void aThreadThatEndedBeforeItsRecordsWereDrained() throws Exception {
    Thread thread = ended();
    directory.started(7, thread);
    directory.update();
    assertThat(directory.find(7, now)).isSameAs(thread);
  }

  @Test
  void ofAnIdThatWasGivenAgainTheTimeDecides() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      threads.add(ended());
      directory.started(7, threads.get(i));
      now += SECOND;
    }
    directory.update();
    long first = 1000 * SECOND;
    assertThat(directory.find(7, first)).isSameAs(threads.get(0));
    assertThat(directory.find(7, first + SECOND - 1)).isSameAs(threads.get(0));
    assertThat(directory.find(7, first + SECOND)).isSameAs(threads.get(1));
    assertThat(directory.find(7, first + 3 * SECOND / 2)).isSameAs(threads.get(1));
    assertThat(directory.find(7, first + 2 * SECOND)).isSameAs(threads.get(2));
    assertThat(directory.find(7, now)).isSameAs(threads.get(2));
  }

  /** A thread that nobody told of has the id of one that ended: it cannot have had it before. */
  @Test
  void anIdThatWasGivenAgainToAThreadThatIsFoundRunning() throws Exception {
    assertThat(directory.find(1, now)).isNull();
    now += SECOND / 2;
    Thread first = ended();
    directory.started(7, first);
    directory.update();
    long ofFirst = now + 1;
    now += SECOND;
    running.put(living(), 7);
    directory.find(2, now);
    assertThat(looks).isEqualTo(2);
    assertThat(directory.find(7, ofFirst - 1)).isSameAs(first);
  }

  /** A pass over all records that there are. */
  private void pass() {
    directory.update();
    directory.drained();
  }

  @Test
  void whoEndedIsForgottenAWhileLater() throws Exception {
    Thread thread = ended();
    directory.started(7, thread);
    pass();
    for (int second = 0; second < 4; second++) {
      assertThat(directory.find(7, now)).as("after " + second + " s").isSameAs(thread);
      now += SECOND + 1;
      pass();
    }
    for (int second = 0; second < 6; second++) {
      now += SECOND + 1;
      pass();
    }
    assertThat(directory.find(7, now)).isNull();
  }

  @Test
  void notWhileRecordsAreLeftForTheNextPass() throws Exception {
    Thread thread = ended();
    directory.started(7, thread);
    for (int second = 0; second < 30; second++) {
      now += SECOND + 1;
      directory.update();
    }
    assertThat(directory.find(7, now)).isSameAs(thread);
  }

  /** Such as of many records, of which the last are of a thread that ended when it began. */
  @Test
  void notDuringALongPass() throws Exception {
    Thread thread = ended();
    directory.started(7, thread);
    now += 2 * SECOND;
    pass();
    directory.update();
    for (int second = 0; second < 30; second++) {
      now += SECOND + 1;
      assertThat(directory.find(8, now)).isNull();
    }
    assertThat(directory.find(7, now)).isSameAs(thread);
    directory.drained();
    assertThat(directory.find(7, now)).isNull();
  }

  /** It had the id while the pass ran that had no record of it yet. */
  @Test
  void notWhoStartedAndEndedDuringIt() throws Exception {
    directory.update();
    now += 1;
    Thread first = ended();
    directory.started(7, first);
    long ofFirst = now;
    now += 1;
    directory.started(7, living());
    directory.find(8, now);
    now += 10 * SECOND;
    directory.drained();
    assertThat(directory.find(7, ofFirst)).isSameAs(first);
    pass();
    now += 2 * SECOND;
    pass();
    assertThat(directory.find(7, ofFirst)).isNotSameAs(first);
  }

  @Test
  void whoRunsIsNot() {
    Thread thread = living();
    directory.started(7, thread);
    for (int second = 0; second < 30; second++) {
      now += SECOND + 1;
      pass();
    }
    assertThat(directory.find(7, now)).isSameAs(thread);
  }

  @Test
  void aThreadThatStartedJustBeforeStartsAreToldIsFound() {
    directory.find(100, now);
    Thread thread = living();
    running.put(thread, 7);
    directory.expectStarts();
    directory.update();
    assertThat(directory.find(7, now)).isSameAs(thread);
  }

  /** Such as of the garbage collector's threads, which come up all the time. */
  @Test
  void whereAllStartsAreToldAnUnknownIdIsNoReasonForALook() {
    directory.expectStarts();
    for (int second = 0; second < 1000; second++) {
      directory.update();
      assertThat(directory.find(100 + second % 2, now)).isNull();
      assertThat(directory.find(1000 + second, now)).isNull();
      directory.drained();
      now += SECOND;
    }
    assertThat(looks).isEqualTo(1);
  }

  /**
   * Where they start faster than records are drained, not all are kept, but all that live found.
   */
  @Test
  void startsThatNobodyTakesAreNotKeptWithoutEnd() throws Exception {
    directory.expectStarts();
    directory.update();
    Thread ended = ended();
    for (int i = 0; i < ThreadDirectory.MOST_WAITING; i++) {
      directory.started(100 + i, ended);
    }
    assertThat(woken).isPositive();
    Thread dropped = living();
    directory.started(7, dropped);
    assertThat(directory.find(7, now)).isNull();
    running.put(dropped, 7);
    directory.update();
    assertThat(looks).isEqualTo(2);
    assertThat(directory.find(7, now)).isSameAs(dropped);
    assertThat(directory.find(100, now)).isSameAs(ended);
  }

  /** A million, one after the other and with ids that come again, while records are drained. */
  @Test
  void ofManyThatEndedFewAreRemembered() {
    directory.expectStarts();
    List<WeakReference<Thread>> all = new ArrayList<>();
    for (int i = 0; i < 1_000_000; i++) {
      // never started, which is as good as ended
      Thread thread = new Thread(() -> {});
      all.add(new WeakReference<>(thread));
      directory.started(1 + i % 30_000, thread);
      now += 50_000;
      if (i % 1000 == 0) {
        pass();
      }
    }
    System.gc();
    long remembered = all.stream().filter(thread -> thread.get() != null).count();
    assertThat(remembered).isLessThan(10_000);
  }

  @Test
  void whereNobodyTellsOfStartsALookComesSooner() {
    directory.find(100, now);
    now += ThreadDirectory.LOOK_AGAIN_UNTOLD_NANOS;
    Thread thread = living();
    running.put(thread, 7);
    assertThat(directory.find(7, now)).isSameAs(thread);
    assertThat(looks).isEqualTo(2);
  }

  @Test
  void tenThousandThreads() {
    Map<Integer, Thread> all = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      // never started, which is as good as ended
      Thread thread = new Thread(() -> {}, "thread " + i);
      int tid = 1 + i * 3;
      all.put(tid, thread);
      directory.started(tid, thread);
    }
    directory.update();
    all.forEach((tid, thread) -> assertThat(directory.find(tid, now)).isSameAs(thread));
    assertThat(directory.find(2, now)).isNull();
    assertThat(looks).isEqualTo(1);

    for (int second = 0; second < 10; second++) {
      now += SECOND + 1;
      pass();
    }
    all.forEach((tid, thread) -> assertThat(directory.find(tid, now)).isNull());
  }

  /** Of ids that fall into the same place, one going must not hide the others. */
  @Test
  void forgettingSomeKeepsTheOthers() throws Exception {
    Thread gone = ended();
    Thread stays = living();
    Map<Integer, Thread> all = new HashMap<>();
    Random random = new Random(5);
    while (all.size() < 2000) {
      int tid = 1 + random.nextInt(4_000_000);
      if (!all.containsKey(tid)) {
        Thread thread = all.size() % 2 == 0 ? gone : stays;
        all.put(tid, thread);
        directory.started(tid, thread);
      }
    }
    for (int second = 0; second < 10; second++) {
      now += SECOND + 1;
      pass();
    }
    all.forEach((tid, thread) ->
        assertThat(directory.find(tid, now)).isSameAs(thread.isAlive() ? stays : null));
  }

  @Test
  void startsComeFromAllThreadsAtOnce() throws Exception {
    int perThread = 2000;
    List<Thread> tellers = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      int base = 1 + t * perThread;
      Thread teller =
          new Thread(() -> {
            for (int i = 0; i < perThread; i++) {
              directory.started(base + i, Thread.currentThread());
            }
          });
      tellers.add(teller);
      teller.start();
    }
    while (tellers.stream().anyMatch(Thread::isAlive)) {
      directory.update();
      directory.find(1, now);
    }
    directory.update();
    for (int t = 0; t < 8; t++) {
      for (int i = 0; i < perThread; i++) {
        assertThat(directory.find(1 + t * perThread + i, now)).isSameAs(tellers.get(t));
      }
    }
  }
}
