package dev.kernelflight.samples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Counts the words of the documents below a directory and writes an index of them. Documents are
 * read by several threads; a document's title stands in a file beside it, or is its file name.
 */
public final class DocumentIndexer {
  private static final Pattern WORD = Pattern.compile("\\p{L}+");
  private static final String TITLE_SUFFIX = ".title";

  private final IndexerConfiguration configuration;

  DocumentIndexer(IndexerConfiguration configuration) {
    this.configuration = configuration;
  }

  /** One line of the index. */
  private record Entry(Path document, String title, int words, int differentWords) {}

  /**
   * Indexes a directory.
   *
   * @param arguments the directory, and the file to write the index to
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length != 2) {
      System.err.println("Usage: DocumentIndexer DIRECTORY INDEX");
      System.exit(2);
    }
    Path directory = Path.of(arguments[0]);
    List<Path> searchPath =
        List.of(
            directory,
            Path.of(System.getProperty("user.home"), ".config"),
            Path.of("/etc/indexer"));
    int documents =
        new DocumentIndexer(IndexerConfiguration.find(searchPath))
            .index(directory, Path.of(arguments[1]));
    System.out.println("Indexed " + documents + " documents below " + directory);
  }

  /**
   * Writes the index of all documents below a directory, in one step: a reader sees the old index
   * or the new one.
   *
   * @return how many there are
   */
  int index(Path directory, Path index) throws IOException, InterruptedException {
    AtomicInteger number = new AtomicInteger();
    try (ExecutorService readers =
        Executors.newFixedThreadPool(
            configuration.threads(),
            task -> new Thread(task, "reader-" + number.incrementAndGet()))) {
      List<Future<Entry>> entries = new ArrayList<>();
      for (Path document : documents(directory)) {
        entries.add(readers.submit(() -> read(document)));
      }
      write(entries, directory, index);
      return entries.size();
    }
  }

  private List<Path> documents(Path directory) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
      for (Path child : children) {
        if (Files.isDirectory(child)) {
          found.addAll(documents(child));
        } else if (child.toString().endsWith(configuration.suffix())) {
          found.add(child);
        }
      }
    }
    found.sort(null);
    return found;
  }

  private static Entry read(Path document) throws IOException {
    List<String> words =
        WORD.matcher(Files.readString(document)).results().map(MatchResult::group).toList();
    return new Entry(document, title(document), words.size(), new HashSet<>(words).size());
  }

  private static String title(Path document) throws IOException {
    try {
      return Files.readString(document.resolveSibling(document.getFileName() + TITLE_SUFFIX))
          .strip();
    } catch (NoSuchFileException e) {
      return String.valueOf(document.getFileName());
    }
  }

  private static void write(List<Future<Entry>> entries, Path directory, Path index)
      throws IOException, InterruptedException {
    Path unfinished = index.resolveSibling(index.getFileName() + ".tmp");
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(unfinished))) {
      for (Future<Entry> entry : entries) {
        Entry line = entry.get();
        out.printf(
            "%6d words, %5d different  %s (%s)%n",
            line.words, line.differentWords, line.title, directory.relativize(line.document));
      }
    } catch (ExecutionException e) {
      throw new IOException("a document cannot be read", e.getCause());
    }
    Files.move(unfinished, index, StandardCopyOption.REPLACE_EXISTING);
  }
}
