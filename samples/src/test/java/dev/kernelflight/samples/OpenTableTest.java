package dev.kernelflight.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenTableTest {
  @TempDir Path directory;

  @Test
  void aRecordingWithoutOpensIsOneLine() throws IOException {
    Path file = directory.resolve("empty.jfr");
    try (Recording recording = new Recording()) {
      recording.disable("kernel.FileOpen");
      recording.disable("kernel.Probe");
      recording.start();
      recording.stop();
      recording.dump(file);
    }

    assertThat(new OpenTable(file).text(80))
        .isEqualTo("0 opens, 0 failed, by 0 threads, 0 lost; hook: none\n");
  }

  @Nested
  @NeedsKernelEvents
  class OfOpens {
    private static final int WIDTH = 100;

    @Test
    void fitsTheWidthAndEndsWithASummary() throws IOException {
      Path missing = directory.resolve("a name with a\nnewline");
      Path file = directory.resolve("opens.jfr");
      try (Recording recording = new Recording()) {
        recording.start();
        assertThat(Files.notExists(missing)).isTrue();
        IndexerConfiguration.find(List.of(missing));
        recording.stop();
        recording.dump(file);
      }

      OpenTable table = new OpenTable(file);
      List<String> lines = table.text(WIDTH).lines().toList();
      List<String> rows = lines.subList(0, lines.size() - 2);

      assertThat(lines.getFirst()).matches("TIME +THREAD +PATH +FLAGS +RESULT +MICROS");
      assertThat(rows).allSatisfy(row -> assertThat(row.length()).isLessThanOrEqualTo(WIDTH));
      assertThat(rows).isSortedAccordingTo(OpenTableTest::byTime);
      assertThat(rows)
          .anySatisfy(row ->
              assertThat(row)
                  .matches(
                      ".* main .*"
                          + "newline/indexer.properties +O_RDONLY +ENOENT +[0-9]+\\.[0-9]"));
      assertThat(table.text(Integer.MAX_VALUE)).contains("a\\x0anewline");
      assertThat(lines.getLast())
          .matches(rows.size() - 1 + " opens, [0-9]+ failed, by [0-9]+ threads, 0 lost; hook: .+");
    }
  }

  /** The header counts as earliest. */
  private static int byTime(String row, String other) {
    return key(row).compareTo(key(other));
  }

  private static String key(String row) {
    return row.startsWith("TIME") ? "" : row.substring(0, "HH:mm:ss.SSSSSS".length());
  }
}
