package dev.kernelflight.jmc.parser;

import java.lang.reflect.Field;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.unit.IQuantity;

/**
 * The threads of a recording by the kernel's id. The recording holds all threads of the JVM, also
 * those of its own that no event names. Thread-safe, since the parser reads chunks in parallel.
 */
final class RecordedThreads {
  private static final String OS_THREAD_ID = "osThreadId";

  private final Map<Long, IMCThread> byOsId = new ConcurrentHashMap<>();
  private final Map<KernelThread, KernelThread> others = new ConcurrentHashMap<>();

  /** Takes in a thread as the parser has read it. */
  void add(@Nullable Object constant) {
    if (constant instanceof IMCThread thread) {
      long id = osThreadId(thread);
      if (id > 0) {
        byOsId.put(id, thread);
      }
    }
  }

  /** The thread with an id of the kernel's; one of that name where the recording knows none. */
  IMCThread find(long osThreadId, @Nullable String name) {
    IMCThread thread = byOsId.get(osThreadId);
    return thread != null
        ? thread
        : canonical(new KernelThread(null, osThreadId, name == null ? "thread" : name));
  }

  /**
   * The thread itself, or what stands for it: Mission Control takes all virtual threads for the
   * same one, because the kernel has no id of them and it compares nothing else.
   */
  IMCThread distinct(IMCThread thread) {
    Long javaId = thread.getThreadId();
    if (javaId == null || osThreadId(thread) != 0) {
      return thread;
    }
    String name = thread.getThreadName();
    return canonical(
        new KernelThread(
            javaId, 0, name == null || name.isEmpty() ? "virtual thread " + javaId : name));
  }

  private IMCThread canonical(KernelThread thread) {
    KernelThread known = others.putIfAbsent(thread, thread);
    return known == null ? thread : known;
  }

  /** The parser's class is not public, nor is the id in its interface; -1 where it is not there. */
  private static long osThreadId(IMCThread thread) {
    try {
      Field field = thread.getClass().getDeclaredField(OS_THREAD_ID);
      field.setAccessible(true);
      Object id = field.get(thread);
      return id instanceof IQuantity quantity
          ? quantity.longValue()
          : id instanceof Number number ? number.longValue() : -1;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return -1;
    }
  }
}
