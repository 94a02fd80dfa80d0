package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The kernel's file system of tracepoints, which need not be mounted: it is then mounted for this
 * process alone, in no directory.
 */
public final class Tracefs {
  private static final Path MOUNTED = Path.of("/sys/kernel/tracing");

  private static final int FSOPEN_CLOEXEC = 1;
  private static final int FSCONFIG_CMD_CREATE = 6;
  private static final int FSMOUNT_CLOEXEC = 1;
  private static final int O_CLOEXEC = 0x80000;
  private static final int MOST_DIGITS = 32;

  private Tracefs() {}

  /**
   * The number by which perf_event_open(2) knows a tracepoint; another one on each build of a
   * kernel.
   *
   * @param tracepoint its category and name, such as {@code raw_syscalls/sys_enter}
   */
  public static int tracepointId(String tracepoint) throws KernelException {
    String file = "events/" + tracepoint + "/id";
    String text;
    try {
      text = Files.readString(MOUNTED.resolve(file));
    } catch (IOException e) {
      text = readUnmounted(file);
    }
    try {
      return Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw new KernelException("reading " + file + " of tracefs", Errno.EINVAL);
    }
  }

  private static String readUnmounted(String file) throws KernelException {
    try (Arena arena = Arena.ofConfined();
        Fd context =
            fd(
                "fsopen(tracefs)",
                Native.call(
                    Native.FSOPEN, Bpf.string(arena, "tracefs").address(), FSOPEN_CLOEXEC, 0))) {
      Native.check(
          "fsconfig(tracefs)",
          Native.call(Native.FSCONFIG, context.number(), FSCONFIG_CMD_CREATE, 0));
      try (Fd mount =
              fd(
                  "fsmount(tracefs)",
                  Native.call(Native.FSMOUNT, context.number(), FSMOUNT_CLOEXEC, 0));
          Fd opened =
              fd(
                  "openat(" + file + " of tracefs)",
                  Native.call(
                      Native.OPENAT,
                      mount.number(),
                      Bpf.string(arena, file).address(),
                      O_CLOEXEC))) {
        MemorySegment text = arena.allocate(MOST_DIGITS, 1);
        long length =
            Native.check(
                "read(" + file + " of tracefs)",
                Native.call(Native.READ, opened.number(), text.address(), MOST_DIGITS));
        return new String(text.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.US_ASCII);
      }
    }
  }

  private static Fd fd(String call, long result) throws KernelException {
    return new Fd(Native.check(call, result));
  }
}
