package dev.kernelflight.bpf.abi;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A file beside a class, in the jar. Of an agent that was attached the jar is gone afterwards: it
 * is read by the one opened then, whatever the application has made the default of that.
 */
public final class Resource {
  private Resource() {}

  /**
   * All of it.
   *
   * @param beside the class that has it
   * @param name relative to the class's package, or from the root with a leading slash
   */
  public static byte[] bytes(Class<?> beside, String name) throws IOException {
    URL url = beside.getResource(name);
    if (url == null) {
      throw new FileNotFoundException(name + " is missing from the jar");
    }
    URLConnection connection = url.openConnection();
    connection.setUseCaches(true);
    try (InputStream in = connection.getInputStream()) {
      return in.readAllBytes();
    }
  }

  /** The lines of a text, without comments, which begin with a hash. */
  public static List<String> lines(Class<?> beside, String name) {
    try {
      return new String(bytes(beside, name), StandardCharsets.US_ASCII)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
