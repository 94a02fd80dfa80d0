package dev.kernelflight.agent.threads;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * All virtual threads that run, from where the JDK keeps them for thread dumps ({@code
 * jdk.internal.vm.ThreadContainers}, which {@link HotSpotThreads} opens). With {@code
 * -Djdk.trackAllThreads=false} it keeps only those of executors.
 */
final class RunningVirtualThreads {
  private final Object root;
  private final MethodHandle threads;
  private final MethodHandle children;

  /**
   * @throws ReflectiveOperationException if this JDK keeps them otherwise
   */
  RunningVirtualThreads() throws ReflectiveOperationException {
    Class<?> containers = Class.forName("jdk.internal.vm.ThreadContainers");
    Class<?> container = Class.forName("jdk.internal.vm.ThreadContainer");
    Lookup lookup = MethodHandles.privateLookupIn(containers, MethodHandles.lookup());
    MethodHandle findRoot = lookup.findStatic(containers, "root", MethodType.methodType(container));
    MethodType streamOfThis = MethodType.methodType(Stream.class);
    threads = lookup.findVirtual(container, "threads", streamOfThis);
    children = lookup.findVirtual(container, "children", streamOfThis);
    try {
      root = findRoot.invoke();
    } catch (Throwable e) {
      throw new ReflectiveOperationException(e);
    }
  }

  List<Thread> all() {
    List<Thread> all = new ArrayList<>();
    addThreadsOf(root, all);
    return all;
  }

  private void addThreadsOf(Object container, List<Thread> to) {
    try {
      ((Stream<?>) threads.invoke(container))
          .map(Thread.class::cast)
          .filter(Thread::isVirtual)
          .forEach(to::add);
      ((Stream<?>) children.invoke(container)).forEach(child -> addThreadsOf(child, to));
    } catch (Throwable e) {
      // a look finds what it can
    }
  }
}
