package dev.kernelflight.jmc.rules;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;

/** What the rules know of system calls by name. */
final class SystemCalls {
  /** Calls that last as long as there is nothing to do. */
  private static final Set<String> WAITING =
      Set.of(
          "futex",
          "futex_waitv",
          "epoll_wait",
          "epoll_pwait",
          "epoll_pwait2",
          "poll",
          "ppoll",
          "select",
          "pselect6",
          "accept",
          "accept4",
          "recvfrom",
          "recvmsg",
          "recvmmsg",
          "nanosleep",
          "clock_nanosleep",
          "wait4",
          "waitid",
          "pause",
          "restart_syscall",
          "rt_sigsuspend",
          "rt_sigtimedwait",
          "semop",
          "semtimedop",
          "msgrcv",
          "mq_timedreceive",
          "io_getevents",
          "io_uring_enter");

  private static final Set<String> READS = Set.of("read", "readv", "pread64", "preadv");

  /** As in "fd=5(/tmp/journal) count=4096". */
  private static final Pattern DESCRIPTOR = Pattern.compile("\\((.*)\\)");

  private static final Pattern FILE = Pattern.compile("/.*");
  private static final Pattern TERMINAL = Pattern.compile("/dev/(tty.*|pts/.*|console)");
  private static final IAttribute<String> ARGUMENTS = KernelEvents.text("arguments");

  private SystemCalls() {}

  static String name(IItem call) {
    String name = KernelEvents.get(call, KernelEvents.NAME);
    return name == null ? "unknown" : name;
  }

  /**
   * Whether the call waited for something to do, as idle threads do: a long one is nothing bad. A
   * read waits where it is not of a file, or where the recording does not tell of what it is.
   */
  static boolean isWaiting(IItem call) {
    String name = name(call);
    if (READS.contains(name)) {
      String target = descriptor(call);
      return target == null
          || !FILE.matcher(target).matches()
          || TERMINAL.matcher(target).matches();
    }
    return WAITING.contains(name);
  }

  /** The call with the file or the address that it is about: "fsync /tmp/journal". */
  static String withTarget(IItem call) {
    String name = name(call);
    String descriptor = descriptor(call);
    if (descriptor != null) {
      return name + " " + descriptor;
    }
    String arguments = KernelEvents.get(call, ARGUMENTS);
    if (arguments == null) {
      return name;
    }
    return switch (name) {
      case "connect", "bind" -> name + " " + arguments.replaceFirst("^fd=-?\\d+ ?", "");
      default -> arguments.contains("=") ? name : name + " " + arguments;
    };
  }

  private static @Nullable String descriptor(IItem call) {
    String arguments = KernelEvents.get(call, ARGUMENTS);
    Matcher matcher = DESCRIPTOR.matcher(arguments == null ? "" : arguments);
    return matcher.find() ? matcher.group(1) : null;
  }
}
