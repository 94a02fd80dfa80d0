package dev.kernelflight.samples;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * How to index.
 *
 * @param threads how many documents are read at a time
 * @param suffix how the names of documents end
 */
record IndexerConfiguration(int threads, String suffix) {
  static final String FILE = "indexer.properties";

  static final IndexerConfiguration DEFAULTS = new IndexerConfiguration(3, ".md");

  /** The first file of that name along a search path, or the defaults where there is none. */
  static IndexerConfiguration find(List<Path> searchPath) throws IOException {
    for (Path directory : searchPath) {
      try (Reader in = Files.newBufferedReader(directory.resolve(FILE))) {
        Properties properties = new Properties();
        properties.load(in);
        return new IndexerConfiguration(
            Integer.parseInt(
                properties.getProperty("threads", String.valueOf(DEFAULTS.threads)).strip()),
            properties.getProperty("suffix", DEFAULTS.suffix).strip());
      } catch (NoSuchFileException e) {
        // perhaps in the next directory
      }
    }
    return DEFAULTS;
  }
}
