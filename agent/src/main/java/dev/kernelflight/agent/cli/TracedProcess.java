package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.Hindrance;
import dev.kernelflight.agent.attach.HiddenProcess;
import dev.kernelflight.bpf.sys.CurrentProcess.PidNamespace;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Another process that is to be traced, of whichever user.
 *
 * @param pid in this process' PID namespace
 * @param started when, in clock ticks since the machine was started: a later process may get its id
 */
record TracedProcess(int pid, String started) {
  /** There is no such process, or none that can be traced; the message says what to do. */
  static final class NoneException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String reason;

    NoneException(String reason) {
      super(reason);
      this.reason = reason;
    }

    String reason() {
      return reason;
    }
  }

  private static final int STATE = 0;
  private static final int THREADS = 17;
  private static final int START_TIME = 19;

  /** Finds it. */
  static TracedProcess of(int pid) throws NoneException, IOException {
    if (pid == ProcessHandle.current().pid()) {
      throw new NoneException("perf does not trace itself: give another process");
    }
    if (!Files.isDirectory(proc(pid))) {
      throw new NoneException(
          HiddenProcess.byMount()
              .map(hidden -> "process " + pid + " is not to be seen, if there is one: " + hidden)
              .orElse("there is no process " + pid + ": see ps -e"));
    }
    List<String> status = status(pid);
    String leader = field(status, "Tgid");
    if (!leader.equals(Integer.toString(pid))) {
      throw new NoneException(pid + " is a thread of process " + leader + ": use -p " + leader);
    }
    checkNamespace(pid);
    List<String> stat = stat(pid);
    if (hasEnded(stat)) {
      throw new NoneException("process " + pid + " has ended: see ps -e for those that run");
    }
    return new TracedProcess(pid, stat.get(START_TIME));
  }

  private static List<String> status(int pid) throws NoneException, IOException {
    try {
      return Files.readAllLines(proc(pid).resolve("status"));
    } catch (NoSuchFileException e) {
      throw new NoneException("process " + pid + " has ended: see ps -e for those that run");
    } catch (FileSystemException e) {
      Optional<Hindrance> hidden = HiddenProcess.byMount();
      if (hidden.isPresent()) {
        throw new NoneException("process " + pid + " cannot be looked at: " + hidden.get());
      }
      throw e;
    }
  }

  /** From within a PID namespace the kernel tells nothing of those below. */
  private static void checkNamespace(int pid) throws NoneException, IOException {
    PidNamespace own = PidNamespace.current();
    if (own.isInitial()) {
      return;
    }
    try {
      if (!own.equals(PidNamespace.of(proc(pid)))) {
        throw new NoneException(
            "process "
                + pid
                + " has a PID namespace of its own, into which this one cannot look:"
                + " run perf on the host, or in that container");
      }
    } catch (IOException e) {
      // another user's, without the privilege to look: then it is tried
    }
  }

  /** Whether it still does. */
  boolean runs() {
    try {
      List<String> stat = stat(pid);
      return !hasEnded(stat) && stat.get(START_TIME).equals(started);
    } catch (IOException | IndexOutOfBoundsException e) {
      return false;
    }
  }

  /** A process whose first thread has ended may go on with others. */
  private static boolean hasEnded(List<String> stat) {
    return List.of("Z", "X").contains(stat.get(STATE)) && Integer.parseInt(stat.get(THREADS)) <= 1;
  }

  private static Path proc(int pid) {
    return Path.of("/proc", Integer.toString(pid));
  }

  /** The fields of {@code stat} of proc(5) behind the name, which may hold anything. */
  private static List<String> stat(int pid) throws IOException {
    String text = Files.readString(proc(pid).resolve("stat"));
    return List.of(text.substring(text.lastIndexOf(')') + 1).strip().split(" ", -1));
  }

  private static String field(List<String> status, String name) {
    return status.stream()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst()
        .orElse("");
  }
}
