package dev.kernelflight.jmc.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCFrame;
import org.openjdk.jmc.common.IMCStackTrace;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.flightrecorder.JfrAttributes;

/**
 * The Java code behind kernel events: of their own stacks if they have some, otherwise of the
 * stacks of the JDK's events of the same thread at the same time.
 */
final class Callers {
  private static final String[] WITNESSES = {
    "jdk.FileRead",
    "jdk.FileWrite",
    "jdk.FileForce",
    "jdk.SocketRead",
    "jdk.SocketWrite",
    "jdk.SocketConnect",
    "jdk.JavaMonitorEnter",
    "jdk.ThreadPark",
    "jdk.ExecutionSample",
    "jdk.NativeMethodSample"
  };
  private static final List<String> LIBRARIES =
      // the agent's own thread is of no interest, either
      List.of(
          "java.", "javax.", "jdk.", "sun.", "dev.kernelflight.agent.", "dev.kernelflight.bpf.");
  private static final int NAMED = 2;

  private final Map<String, Integer> frames = new HashMap<>();

  private Callers() {}

  /** As the end of a sentence that names calls: ", from A and B"; empty where nothing is known. */
  static String of(List<IItem> kernelEvents, IItemCollection items) {
    Callers callers = new Callers();
    kernelEvents.forEach(callers::addStackOf);
    if (callers.frames.isEmpty()) {
      callers.addWitnesses(kernelEvents, items);
    }
    return callers.text();
  }

  /**
   * The same, of samples taken while a thread was in a method of such a class for input or output.
   */
  static String sampledIn(List<String> packages, IItemCollection items) {
    Callers callers = new Callers();
    KernelEvents.of(items, "jdk.NativeMethodSample", "jdk.ExecutionSample")
        .filter(sample -> {
          IMCStackTrace stack = KernelEvents.get(sample, JfrAttributes.EVENT_STACKTRACE);
          return stack != null
              && !stack.getFrames().isEmpty()
              && packages.stream().anyMatch(className(stack.getFrames().get(0))::startsWith);
        })
        .forEach(callers::addStackOf);
    return callers.text();
  }

  private void addWitnesses(List<IItem> kernelEvents, IItemCollection items) {
    Map<Long, TreeMap<Long, Long>> calls = new HashMap<>();
    Map<Long, Set<String>> paths = new HashMap<>();
    for (IItem event : kernelEvents) {
      Long thread = KernelEvents.javaThread(event);
      if (thread != null) {
        calls
            .computeIfAbsent(thread, t -> new TreeMap<>())
            .put(KernelEvents.start(event), KernelEvents.end(event));
        String path = KernelEvents.get(event, KernelEvents.PATH);
        if (path != null) {
          paths.computeIfAbsent(thread, t -> new HashSet<>()).add(path);
        }
      }
    }
    KernelEvents.of(items, WITNESSES)
        .filter(witness -> {
          Long thread = KernelEvents.javaThread(witness);
          return isWithin(witness, calls.get(thread))
              // who reads or writes the file is who opened it
              || paths
                  .getOrDefault(thread, Set.of())
                  .contains(
                      Objects.requireNonNullElse(KernelEvents.get(witness, KernelEvents.PATH), ""));
        })
        .forEach(this::addStackOf);
  }

  private static boolean isWithin(IItem witness, @Nullable NavigableMap<Long, Long> calls) {
    Map.Entry<Long, Long> before =
        calls == null ? null : calls.floorEntry(KernelEvents.end(witness));
    // a thread makes one call at a time: the last one that began is the one to look at
    return before != null && before.getValue() >= KernelEvents.start(witness);
  }

  private void addStackOf(IItem event) {
    IMCStackTrace stack = KernelEvents.get(event, JfrAttributes.EVENT_STACKTRACE);
    String frame = stack == null ? null : applicationFrame(stack);
    if (frame != null) {
      frames.merge(frame, 1, Integer::sum);
    }
  }

  /** The innermost frame that is not of the JDK. */
  private static @Nullable String applicationFrame(IMCStackTrace stack) {
    for (IMCFrame frame : stack.getFrames()) {
      String name = className(frame);
      if (!name.isEmpty() && LIBRARIES.stream().noneMatch(name::startsWith)) {
        Integer line = frame.getFrameLineNumber();
        return name + "." + frame.getMethod().getMethodName() + (line == null ? "" : ":" + line);
      }
    }
    return null;
  }

  private static String className(IMCFrame frame) {
    return frame.getMethod() == null || frame.getMethod().getType() == null
        ? ""
        : frame.getMethod().getType().getFullName();
  }

  private String text() {
    List<String> most = new ArrayList<>(frames.keySet());
    most.sort(Comparator.comparingInt((String frame) -> -frames.getOrDefault(frame, 0)));
    return most.isEmpty()
        ? ""
        : ", from " + String.join(" and ", most.subList(0, Math.min(NAMED, most.size())));
  }
}
