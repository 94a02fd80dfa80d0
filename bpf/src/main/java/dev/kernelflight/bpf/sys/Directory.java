package dev.kernelflight.bpf.sys;

import dev.kernelflight.bpf.abi.KernelNames;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/**
 * An open directory. Files are made and removed in the directory that was opened, also where its
 * name leads elsewhere by now, and no link in it is followed.
 */
public final class Directory implements AutoCloseable {
  /** {@code AT_FDCWD} of {@code linux/fcntl.h}. */
  static final int WORKING_DIRECTORY = -100;

  static final long O_RDONLY = 0;
  static final long O_CLOEXEC = flag("O_CLOEXEC");
  private static final long O_RDWR = 2;
  private static final long O_CREAT = flag("O_CREAT");
  private static final long O_EXCL = flag("O_EXCL");
  private static final long O_DIRECTORY = flag("O_DIRECTORY");
  private static final long O_NOFOLLOW = flag("O_NOFOLLOW");
  private static final long O_NONBLOCK = flag("O_NONBLOCK");

  private static final int AT_REMOVEDIR = 0x200;
  private static final int OWNER_ONLY = 0700;
  private static final int OTHERS_WRITE = 0022;

  private final OpenFile file;

  private Directory(OpenFile file) {
    this.file = file;
  }

  private static long flag(String name) {
    return KernelNames.ofThisMachine().openFlag(name);
  }

  /** Opens a directory; a link as the last part of the path is followed. */
  public static Directory open(Path path) throws KernelException {
    return open(WORKING_DIRECTORY, path.toString(), 0);
  }

  /** Opens a directory; where the last part of the path is a link, that is ENOTDIR. */
  public static Directory openNoLink(Path path) throws KernelException {
    return open(WORKING_DIRECTORY, path.toString(), O_NOFOLLOW);
  }

  private static Directory open(int parent, String path, long flags) throws KernelException {
    return new Directory(
        new OpenFile(OpenFile.open(parent, path, O_RDONLY | O_DIRECTORY | flags, 0), path));
  }

  /**
   * Makes a directory in this one that only this user may write, and opens it.
   *
   * @throws KernelException also with EEXIST, and with EPERM if meanwhile another directory has
   *     taken the name
   */
  public Directory makeDirectory(String name) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      Native.check(
          "mkdir(" + name + ")",
          Native.call(
              Native.MKDIRAT, number(), OpenFile.string(arena, name).address(), OWNER_ONLY));
    }
    return openOwn(name);
  }

  /** Opens a directory in this one that belongs to this user and that no other may write. */
  Directory openOwn(String name) throws KernelException {
    Directory made = open(number(), name, O_NOFOLLOW);
    try {
      OpenFile.Status status = made.file.status();
      if (status.uid() != CurrentProcess.effectiveUserId()
          || (status.permissions() & OTHERS_WRITE) != 0) {
        throw new KernelException("another directory took the place of " + name, Errno.EPERM);
      }
      return made;
    } catch (KernelException e) {
      made.close();
      throw e;
    }
  }

  /**
   * Makes a file in it and opens that to read and write.
   *
   * @param permissions of which the umask may take some away
   * @throws KernelException also with EEXIST, where the name is taken, by a link for example
   */
  public OpenFile makeFile(String name, int permissions) throws KernelException {
    return new OpenFile(
        OpenFile.open(number(), name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, permissions), name);
  }

  /**
   * Opens a file in it to read.
   *
   * @throws KernelException also with ELOOP, where the name is that of a link
   */
  public OpenFile openFile(String name) throws KernelException {
    // a pipe must not make this wait for somebody who writes
    return new OpenFile(OpenFile.open(number(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0), name);
  }

  /** Gives a file in it another name in it, whatever had that before. */
  public void rename(String from, String to) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      Native.check(
          "rename(" + from + ", " + to + ")",
          Native.call(
              Native.RENAMEAT2,
              number(),
              OpenFile.string(arena, from).address(),
              number(),
              OpenFile.string(arena, to).address(),
              0,
              0));
    }
  }

  /** Removes a file from it; returns whether there was one. */
  public boolean removeFile(String name) throws KernelException {
    return remove(name, 0);
  }

  /** Removes an empty directory from it; returns whether there was one. */
  public boolean removeDirectory(String name) throws KernelException {
    return remove(name, AT_REMOVEDIR);
  }

  private boolean remove(String name, int flags) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      long result =
          Native.call(Native.UNLINKAT, number(), OpenFile.string(arena, name).address(), flags);
      if (result == -Errno.ENOENT) {
        return false;
      }
      Native.check("unlink(" + name + ")", result);
      return true;
    }
  }

  /** Sets its permissions, whatever the umask is. */
  public void setPermissions(int permissions) throws KernelException {
    file.setPermissions(permissions);
  }

  private int number() {
    return file.fd().number();
  }

  @Override
  public void close() {
    file.close();
  }
}
