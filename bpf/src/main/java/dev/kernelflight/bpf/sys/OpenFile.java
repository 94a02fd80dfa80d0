package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.file.Path;

/**
 * An open file. All methods work on the file that was opened, whatever its name leads to by now: in
 * a directory that others may write, a name can be made to lead elsewhere at any moment.
 */
public final class OpenFile implements AutoCloseable {
  /** What the C library encodes names with, as the JDK does. */
  private static final Charset NAMES =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC_STATS = 0x7ff;

  /** {@code struct statx} of {@code linux/stat.h}, the same on every architecture. */
  private static final int STATX_BYTES = 256;

  private static final int STATX_UID = 20;
  private static final int STATX_MODE = 28;
  private static final int STATX_INODE = 32;
  private static final int STATX_SIZE = 40;

  private static final int FORMAT = 0xf000;
  private static final int REGULAR = 0x8000;
  private static final int PERMISSIONS = 0xfff;

  /** The most that the kernel copies in one call, in whole pages. */
  private static final long MOST_BYTES = 0x7ffff000L;

  private final Fd fd;
  private final String name;

  /**
   * @param name for messages
   */
  OpenFile(Fd fd, String name) {
    this.fd = fd;
    this.name = name;
  }

  /**
   * What the kernel says of a file.
   *
   * @param isRegular whether it is a file with content, and no directory, device or pipe
   * @param permissions the lower 12 bits of its mode
   * @param uid its owner
   * @param inode its number in its file system
   * @param size in bytes
   */
  public record Status(boolean isRegular, int permissions, int uid, long inode, long size) {}

  /** Opens a file to read it; a link as the last part of the path is followed. */
  public static OpenFile toRead(Path path) throws KernelException {
    return new OpenFile(
        open(Directory.WORKING_DIRECTORY, path.toString(), Directory.O_RDONLY, 0), path.toString());
  }

  /** openat(2), closed on exec. */
  static Fd open(int directory, String path, long flags, int mode) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      return new Fd(
          Native.check(
              "open(" + path + ")",
              Native.call(
                  Native.OPENAT,
                  directory,
                  string(arena, path).address(),
                  flags | Directory.O_CLOEXEC,
                  mode,
                  0,
                  0)));
    }
  }

  /** A name as C has it. */
  static MemorySegment string(Arena arena, String name) {
    byte[] bytes = name.getBytes(NAMES);
    MemorySegment segment = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
    return segment;
  }

  Fd fd() {
    return fd;
  }

  /** What the kernel says of it now. */
  public Status status() throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(STATX_BYTES, 8);
      Native.check(
          "statx(" + name + ")",
          Native.call(
              Native.STATX,
              fd.number(),
              string(arena, "").address(),
              AT_EMPTY_PATH,
              STATX_BASIC_STATS,
              status.address(),
              0));
      int mode = Short.toUnsignedInt(status.get(JAVA_SHORT, STATX_MODE));
      return new Status(
          (mode & FORMAT) == REGULAR,
          mode & PERMISSIONS,
          status.get(JAVA_INT, STATX_UID),
          status.get(JAVA_LONG, STATX_INODE),
          status.get(JAVA_LONG, STATX_SIZE));
    }
  }

  /** Gives it to a user and a group. */
  public void setOwner(int uid, int gid) throws KernelException {
    Native.check("fchown(" + name + ")", Native.call(Native.FCHOWN, fd.number(), uid, gid));
  }

  /** Sets its permissions, whatever the umask is. */
  public void setPermissions(int permissions) throws KernelException {
    Native.check("fchmod(" + name + ")", Native.call(Native.FCHMOD, fd.number(), permissions, 0));
  }

  /** Copies what follows its position to the position of another one, inside the kernel. */
  public void copyTo(OpenFile target) throws KernelException {
    long copied;
    do {
      copied =
          Native.check(
              "sendfile(" + name + ", " + target.name + ")",
              Native.call(
                  Native.SENDFILE,
                  target.fd.number(),
                  fd.number(),
                  MemorySegment.NULL.address(),
                  MOST_BYTES,
                  0,
                  0));
    } while (copied > 0);
  }

  /** A path by which this process reaches this very file for as long as it is open. */
  public Path path() {
    return Path.of("/proc/self/fd", Integer.toString(fd.number()));
  }

  @Override
  public void close() {
    fd.close();
  }
}
