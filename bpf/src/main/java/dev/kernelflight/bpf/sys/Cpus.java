package dev.kernelflight.bpf.sys;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Which CPUs the machine has. */
public final class Cpus {
  private static final Path DIRECTORY = Path.of("/sys/devices/system/cpu");
  private static final int MOST_BYTES = 8192;

  /**
   * Stays open once it was read: it is looked at again and again, also in a process that has no
   * descriptor left.
   */
  private static @Nullable RandomAccessFile onlineList;

  private static final Object NO_INCARNATION = "none";

  private Cpus() {}

  /** The CPUs that run now. */
  public static synchronized BitSet online() throws IOException {
    RandomAccessFile list = onlineList;
    if (list == null) {
      list = new RandomAccessFile(DIRECTORY.resolve("online").toFile(), "r");
      onlineList = list;
    }
    byte[] text = new byte[MOST_BYTES];
    try {
      list.seek(0);
      int length = list.read(text);
      return parse(new String(text, 0, Math.max(length, 0), StandardCharsets.US_ASCII));
    } catch (IOException e) {
      onlineList = null;
      list.close();
      throw e;
    }
  }

  /** As {@link #online}, for those to whom a failure is one of the kernel. */
  public static BitSet onlineNow() throws KernelException {
    try {
      return online();
    } catch (IOException e) {
      throw new KernelException("reading which CPUs are online: " + e.getMessage(), Errno.ENOENT);
    }
  }

  /**
   * Tells two times apart that a CPU is online: equal as long as it stays so, another one once it
   * was offline in between. It is the identity of the directory that sysfs makes for a CPU when it
   * comes and removes when it goes; where sysfs has none, all times look alike.
   */
  public static Object incarnation(int cpu) {
    try {
      Object key =
          Files.readAttributes(
                  DIRECTORY.resolve("cpu" + cpu).resolve("topology"), BasicFileAttributes.class)
              .fileKey();
      return key == null ? NO_INCARNATION : key;
    } catch (IOException e) {
      return NO_INCARNATION;
    }
  }

  /**
   * Whether a CPU has stayed online since a look at its {@link #incarnation}; supposed where it
   * cannot be told.
   */
  public static boolean hasStayed(int cpu, Object since) {
    Object now = incarnation(cpu);
    return now.equals(since) || now.equals(NO_INCARNATION) || since.equals(NO_INCARNATION);
  }

  /** One more than the highest CPU number that can ever come online: per-CPU maps have so many. */
  public static int possible() throws IOException {
    return parse(Files.readString(DIRECTORY.resolve("possible"))).length();
  }

  /** Reads a list as the kernel writes it: {@code 0-3,5}. */
  static BitSet parse(String list) throws IOException {
    BitSet cpus = new BitSet();
    try {
      for (String range : list.strip().split(",", -1)) {
        int dash = range.indexOf('-');
        int first = Integer.parseInt(dash < 0 ? range : range.substring(0, dash));
        int last = dash < 0 ? first : Integer.parseInt(range.substring(dash + 1));
        cpus.set(first, last + 1);
      }
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException("not a list of CPUs: " + list.strip(), e);
    }
    return cpus;
  }
}
