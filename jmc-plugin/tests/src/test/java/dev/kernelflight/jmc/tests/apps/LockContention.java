package dev.kernelflight.jmc.tests.apps;

import java.util.concurrent.CountDownLatch;

/** A lock that one thread holds for long while another one wants it. */
public final class LockContention {
  private static final int HELD_MILLIS = 1500;

  private static final class Account {
    private long balance;

    synchronized void payForLong(CountDownLatch held) throws InterruptedException {
      held.countDown();
      Thread.sleep(HELD_MILLIS);
      balance++;
    }

    synchronized long pay() {
      return ++balance;
    }
  }

  private LockContention() {}

  /** No arguments. */
  public static void main(String[] args) throws Exception {
    Account account = new Account();
    CountDownLatch held = new CountDownLatch(1);
    Thread holder =
        Thread.ofPlatform()
            .name("holder")
            .start(() -> {
              try {
                account.payForLong(held);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    held.await();
    long balance = account.pay();
    holder.join();
    System.out.println("done " + balance);
  }
}
