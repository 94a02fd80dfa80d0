package dev.kernelflight.agenttests.apps;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;

/**
 * Opens by threads of each kind: new ones that are gone at once, and old ones that were there from
 * the beginning. Each path ends with the name of the thread that opens it.
 */
final class NamedThreads {
  private final Old oldPlatform = new Old("old-platform", Thread.ofPlatform().daemon());
  private final Old oldVirtual = new Old("old-virtual", Thread.ofVirtual());

  /** One that opens what it is told. */
  private static final class Old {
    private final BlockingQueue<String> paths = new LinkedBlockingQueue<>();
    private final SynchronousQueue<String> done = new SynchronousQueue<>();
    private final String name;

    Old(String name, Thread.Builder builder) {
      this.name = name;
      builder
          .name(name)
          .start(() -> {
            try {
              while (true) {
                String path = paths.take();
                openMissing(path);
                done.put(path);
              }
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
    }

    void open(String directory) throws InterruptedException {
      paths.put(directory + "/" + name);
      done.take();
    }
  }

  /** One open by each. */
  void open(String directory) throws InterruptedException {
    open(directory, "platform", Thread.ofPlatform());
    open(directory, "virtual", Thread.ofVirtual());
    oldPlatform.open(directory);
    oldVirtual.open(directory);
  }

  private static void open(String directory, String name, Thread.Builder builder)
      throws InterruptedException {
    builder.name(name).start(() -> openMissing(directory + "/" + name)).join();
  }

  private static void openMissing(String path) {
    try (FileInputStream in = new FileInputStream(path)) {
      in.read();
    } catch (IOException e) {
      // an open all the same
    }
  }
}
