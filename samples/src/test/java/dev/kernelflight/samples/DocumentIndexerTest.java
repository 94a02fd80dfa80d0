package dev.kernelflight.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.moditect.jfrunit.ExpectedEvent.event;
import static org.moditect.jfrunit.JfrEventsAssert.assertThat;

import dev.kernelflight.events.KernelTracing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moditect.jfrunit.EnableEvent;
import org.moditect.jfrunit.JfrEventTest;
import org.moditect.jfrunit.JfrEvents;

/**
 * Which files the indexer opens, as the kernel saw it.
 *
 * <p>The kernel's events come to JFR a moment after the calls, so each test waits with {@code
 * awaitEvents} before it asserts, which itself waits for the next batch. That a file was not opened
 * means something only where an open would have been seen: {@link KernelTracing} makes sure of it.
 */
@JfrEventTest
@NeedsKernelEvents
public class DocumentIndexerTest {
  public final JfrEvents jfrEvents = new JfrEvents();

  @TempDir Path directory;
  private Path document;
  private Path image;
  private Path index;

  @BeforeEach
  void writeDocuments() throws IOException {
    document = Files.writeString(directory.resolve("manual.md"), "Read me. Read me twice.\n");
    image = Files.writeString(directory.resolve("picture.png"), "no document");
    index = directory.resolve("index.txt");
  }

  @Test
  @EnableEvent("kernel.FileOpen")
  void opensDocumentsAndNothingElse() throws Exception {
    KernelTracing tracing = KernelTracing.require("kernel.FileOpen");
    new DocumentIndexer(IndexerConfiguration.DEFAULTS).index(directory, index);
    jfrEvents.awaitEvents();
    tracing.requireComplete();

    assertThat(jfrEvents)
        .contains(
            event("kernel.FileOpen").with("path", document.toString()).with("flags", "O_RDONLY"));
    assertThat(readsOf(image)).isEmpty();
  }

  @Test
  @EnableEvent("kernel.FileOpen")
  void readsDocumentsOnItsReaders() throws Exception {
    KernelTracing tracing = KernelTracing.require("kernel.FileOpen");
    new DocumentIndexer(IndexerConfiguration.DEFAULTS).index(directory, index);
    jfrEvents.awaitEvents();
    tracing.requireComplete();

    assertThat(readsOf(document))
        .singleElement()
        .satisfies(open -> {
          assertThat(open.getThread().getJavaName()).isEqualTo("reader-1");
          assertThat(open.getString("errno")).isNull();
        });
  }

  @Test
  @EnableEvent("kernel.FileOpen")
  void missesConfigurationOnlyUntilItFindsIt(@TempDir Path home) throws Exception {
    Path found = Files.writeString(home.resolve(IndexerConfiguration.FILE), "threads=1\n");
    Path neverReached = directory.resolve("later");

    KernelTracing tracing = KernelTracing.require("kernel.FileOpen");
    IndexerConfiguration.find(List.of(directory, home, neverReached));
    jfrEvents.awaitEvents();
    tracing.requireComplete();

    Path missing = directory.resolve(IndexerConfiguration.FILE);
    assertThat(readsOf(missing))
        .singleElement()
        .satisfies(open -> assertThat(open.getString("errno")).isEqualTo("ENOENT"));
    assertThat(readsOf(found)).hasSize(1);
    assertThat(readsOf(neverReached.resolve(IndexerConfiguration.FILE))).isEmpty();
  }

  /** Not the opens by which this test wrote its files: they are in the recording, too. */
  private List<RecordedEvent> readsOf(Path path) {
    return jfrEvents
        .filter(event("kernel.FileOpen").with("path", path.toString()).with("flags", "O_RDONLY"))
        .toList();
  }
}
