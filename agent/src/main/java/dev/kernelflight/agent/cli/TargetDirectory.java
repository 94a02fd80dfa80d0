package dev.kernelflight.agent.cli;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A directory in the /tmp of a JVM, which may be another /tmp than ours: files go in and come out
 * by it, and none of it is left after {@link #close}. It is held open, so that it is reached also
 * after the JVM and its file system are gone; and nothing in it is followed that is a link, since
 * it belongs to the JVM's user.
 */
final class TargetDirectory implements AutoCloseable {
  private static final Path TMP = Path.of("/tmp");

  private final SecureDirectoryStream<Path> parent;
  private final SecureDirectoryStream<Path> directory;
  private final Path name;
  private final List<Path> files = new ArrayList<>();

  private TargetDirectory(
      SecureDirectoryStream<Path> parent, SecureDirectoryStream<Path> directory, Path name) {
    this.parent = parent;
    this.directory = directory;
    this.name = name;
  }

  /** Makes one that belongs to the JVM's user. */
  static TargetDirectory in(JvmProcess jvm) throws CommandFailedException {
    Path tmp = jvm.root().resolve("tmp");
    try {
      if (!Files.isDirectory(tmp, NOFOLLOW_LINKS)) {
        throw new CommandFailedException(
            "process " + jvm.pid() + " has no directory /tmp, which attaching to a JVM needs");
      }
      SecureDirectoryStream<Path> parent = open(tmp);
      Path created =
          Files.createTempDirectory(
              tmp,
              "kernelflight-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path name = created.getFileName();
      if ((int) Files.getAttribute(created, "unix:uid", NOFOLLOW_LINKS) != jvm.uid()) {
        Files.setAttribute(created, "unix:gid", jvm.gid(), NOFOLLOW_LINKS);
        Files.setAttribute(created, "unix:uid", jvm.uid(), NOFOLLOW_LINKS);
      }
      return new TargetDirectory(parent, open(created), name);
    } catch (IOException e) {
      throw new CommandFailedException(
          "cannot write to the /tmp of process "
              + jvm.pid()
              + ", which attaching to a JVM needs: "
              + e);
    }
  }

  @SuppressWarnings("StreamResourceLeak") // closed with this
  private static SecureDirectoryStream<Path> open(Path directory) throws IOException {
    return (SecureDirectoryStream<Path>) Files.newDirectoryStream(directory);
  }

  /**
   * Copies a file into it, for the JVM to read.
   *
   * @return the path that the JVM sees
   */
  String put(Path source, String fileName) throws CommandFailedException {
    Path file = announce(fileName);
    try (InputStream in = Files.newInputStream(source);
        OutputStream out =
            Channels.newOutputStream(
                directory.newByteChannel(
                    file,
                    Set.of(CREATE_NEW, WRITE),
                    PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString("rw-r--r--"))))) {
      in.transferTo(out);
      return pathOf(file);
    } catch (IOException e) {
      throw new CommandFailedException("cannot copy " + source + " to where the JVM sees it: " + e);
    }
  }

  /**
   * Copies the agent into it.
   *
   * @return the path that the JVM sees
   */
  String putAgent() throws CommandFailedException {
    return put(AgentJar.path(), "ebpf-agent.jar");
  }

  /** How many files were put into it or are expected. */
  int files() {
    return files.size();
  }

  /**
   * Expects a file that the JVM will write.
   *
   * @return the path that the JVM sees
   */
  String expect(String fileName) {
    return pathOf(announce(fileName));
  }

  private Path announce(String fileName) {
    Path file = Path.of(fileName);
    files.add(file);
    return file;
  }

  private String pathOf(Path file) {
    return TMP.resolve(name).resolve(file).toString();
  }

  /** Copies what the JVM has written to a file of ours. */
  void take(String fileName, Path target) throws CommandFailedException {
    Path file = Path.of(fileName);
    try {
      BasicFileAttributes attributes =
          directory
              .getFileAttributeView(file, BasicFileAttributeView.class, NOFOLLOW_LINKS)
              .readAttributes();
      if (!attributes.isRegularFile() || attributes.size() == 0) {
        throw new CommandFailedException("the JVM has written no recording");
      }
      try (InputStream in =
              Channels.newInputStream(
                  directory.newByteChannel(file, Set.of(READ, NOFOLLOW_LINKS)));
          OutputStream out = Files.newOutputStream(target)) {
        in.transferTo(out);
      }
    } catch (NoSuchFileException e) {
      throw new CommandFailedException("the JVM has written no recording");
    } catch (IOException e) {
      throw new CommandFailedException("cannot fetch the recording to " + target + ": " + e);
    }
  }

  @Override
  public void close() {
    try (parent;
        directory) {
      for (Path file : files) {
        try {
          directory.deleteFile(file);
        } catch (NoSuchFileException e) {
          // was not written
        }
      }
      parent.deleteDirectory(name);
    } catch (IOException e) {
      System.err.println("could not remove " + TMP.resolve(name) + " of the JVM: " + e);
    }
  }
}
