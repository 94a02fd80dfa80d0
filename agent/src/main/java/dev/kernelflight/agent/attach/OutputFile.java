package dev.kernelflight.agent.attach;

import dev.kernelflight.bpf.sys.Directory;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.OpenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that a command writes, there under its name once all of it is written. It is made anew,
 * and reached by its descriptor: in a directory that others may write, its name may lead elsewhere
 * by the time that it is used again.
 */
public final class OutputFile implements AutoCloseable {
  /** A recording holds the environment and the command line of a JVM. */
  public static final int OWNER_ONLY = 0600;

  /** What the umask leaves of it. */
  public static final int USUAL = 0666;

  private final Path path;
  private final Directory directory;
  private final OpenFile file;

  /** The name that it has for now. */
  private final String name;

  private boolean finished;

  private OutputFile(Path path, Directory directory, OpenFile file, String name) {
    this.path = path;
    this.directory = directory;
    this.file = file;
    this.name = name;
  }

  /**
   * Makes it, or finds out that it cannot be made.
   *
   * @param replace whether a file of that name may be there and is replaced at the end
   */
  public static OutputFile create(Path path, boolean replace, int permissions)
      throws CommandFailedException {
    Path absolute = path.toAbsolutePath();
    try {
      if (absolute.getFileName() == null || absolute.getParent() == null) {
        throw new CommandFailedException("cannot write " + path + ": it is a directory");
      }
      String wanted = absolute.getFileName().toString();
      Directory directory = Directory.open(absolute.getParent());
      try {
        if (replace) {
          checkReplaceable(directory, wanted, path);
        }
        String name = replace ? wanted + "." + ProcessHandle.current().pid() + ".part" : wanted;
        return new OutputFile(path, directory, directory.makeFile(name, permissions), name);
      } catch (KernelException | CommandFailedException e) {
        directory.close();
        throw e;
      }
    } catch (KernelException e) {
      throw new CommandFailedException(
          e.isExisting()
              ? path + " exists" + (replace ? "" : "; --force replaces it")
              : "cannot write " + path + ": " + e.getMessage());
    }
  }

  /** Only a file is replaced: the place of a device or a link, such as /dev/stdout, is not ours. */
  private static void checkReplaceable(Directory directory, String name, Path path)
      throws CommandFailedException {
    try (OpenFile there = directory.openFile(name)) {
      if (!there.status().isRegular()) {
        throw new CommandFailedException("cannot write " + path + ": it is no file");
      }
    } catch (KernelException e) {
      if (e.isLink()) {
        throw new CommandFailedException(
            "cannot write " + path + ": it is a link; name the file itself");
      }
      // not there, or not to be read: it can be replaced all the same
    }
  }

  /** Writes all of it. */
  public void write(byte[] content) throws CommandFailedException {
    try {
      Files.write(file.path(), content);
    } catch (IOException e) {
      throw new CommandFailedException("cannot write " + path + ": " + e.getMessage());
    }
  }

  public OpenFile file() {
    return file;
  }

  /** Gives the file its name; under sudo it belongs to whoever called that. */
  public void finish() throws CommandFailedException {
    try {
      String wanted = String.valueOf(path.getFileName());
      if (!name.equals(wanted)) {
        directory.rename(name, wanted);
      }
      finished = true;
      giveToCaller();
      checkName(wanted);
    } catch (KernelException e) {
      throw new CommandFailedException("cannot write " + path + ": " + e.getMessage());
    }
  }

  private void checkName(String wanted) throws CommandFailedException {
    try (OpenFile named = directory.openFile(wanted)) {
      if (named.status().inode() == file.status().inode()) {
        return;
      }
    } catch (KernelException e) {
      // said below
    }
    throw new CommandFailedException(
        path
            + " is lost: while it was made, somebody removed it or put something else in its place. Give"
            + " a directory that only you may write");
  }

  private void giveToCaller() {
    String uid = System.getenv("SUDO_UID");
    String gid = System.getenv("SUDO_GID");
    try {
      if (uid != null && gid != null) {
        file.setOwner(Integer.parseInt(uid), Integer.parseInt(gid));
      }
    } catch (KernelException | NumberFormatException e) {
      // then it stays root's
    }
  }

  /** Lets go of it, and removes it unless it was finished. */
  @Override
  public void close() {
    try (directory;
        file) {
      if (!finished) {
        directory.removeFile(name);
      }
    } catch (KernelException e) {
      // an unfinished file is left
    }
  }
}
