package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Tells of every platform thread that starts, on that thread, before it runs anything: the event
 * ThreadStart of the JVM's tool interface, which otherwise only native agents hear. Without it the
 * Java thread behind a kernel id is lost once the thread has ended.
 *
 * <p>Numbers of functions, events and versions are those of {@code jvmti.h} and {@code jni.h}.
 */
public final class ThreadStarts {
  private static final int JVMTI_VERSION = 0x30010200;
  private static final int INVOKE_GET_ENV = 6;
  private static final int FUNCTION_SET_EVENT_NOTIFICATION_MODE = 2;
  private static final int FUNCTION_SET_EVENT_CALLBACKS = 122;
  private static final int FIRST_EVENT = 50;
  private static final int EVENT_THREAD_START = 52;
  private static final int CALLBACK_BYTES = 40 * Long.BYTES;
  private static final int ENABLE = 1;

  private static volatile Runnable listener = () -> {};
  private static boolean enabled;

  private ThreadStarts() {}

  /**
   * Calls a listener on each thread that starts from now on; the latest listener is the one called.
   * It must be quick; what it throws is ignored.
   *
   * @return whether the JVM agreed
   */
  public static synchronized boolean listen(Runnable onStartedThread) {
    listener = onStartedThread;
    if (!enabled) {
      try {
        enabled = enable();
      } catch (ReflectiveOperationException | IOException | RuntimeException e) {
        enabled = false;
      }
    }
    return enabled;
  }

  /** Called by the JVM; an exception that left it would end the process. */
  private static void onThreadStart(long environment, long jni, long thread) {
    try {
      listener.run();
    } catch (Throwable e) {
      // one thread stays unknown
    }
  }

  private static boolean enable() throws ReflectiveOperationException, IOException {
    Functions functions = new Functions();
    long environment = functions.toolEnvironment();
    if (environment == 0) {
      return false;
    }
    MethodHandle callback =
        MethodHandles.lookup()
            .findStatic(
                ThreadStarts.class,
                "onThreadStart",
                MethodType.methodType(void.class, long.class, long.class, long.class));
    // for ever: the JVM may call it at any time from now on
    MemorySegment stub =
        Linker.nativeLinker()
            .upcallStub(
                callback,
                FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG),
                Arena.global());
    onThreadStart(0, 0, 0); // loads what the listener needs, on a thread that may load classes
    long table = CurrentProcess.readLong(environment);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment callbacks = arena.allocate(CALLBACK_BYTES, 8);
      callbacks.set(ADDRESS, (long) (EVENT_THREAD_START - FIRST_EVENT) * Long.BYTES, stub);
      return functions.call(
                  CurrentProcess.readLong(table + slot(FUNCTION_SET_EVENT_CALLBACKS)),
                  environment,
                  callbacks.address(),
                  CALLBACK_BYTES,
                  0)
              == 0
          && functions.call(
                  CurrentProcess.readLong(table + slot(FUNCTION_SET_EVENT_NOTIFICATION_MODE)),
                  environment,
                  ENABLE,
                  EVENT_THREAD_START,
                  0)
              == 0;
    }
  }

  private static long slot(int function) {
    return (function - 1L) * Long.BYTES;
  }

  /** Calls of functions of the JVM, all of which take up to four words and return an int. */
  private static final class Functions {
    private final MethodHandle call =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    int call(long function, long a1, long a2, long a3, long a4) {
      try {
        return (int) call.invokeExact(MemorySegment.ofAddress(function), a1, a2, a3, a4);
      } catch (Throwable e) {
        throw new AssertionError("a native function cannot throw", e);
      }
    }

    /** A new {@code jvmtiEnv*}, or 0. */
    long toolEnvironment() throws IOException {
      long createdVms = CurrentProcess.symbol("libjvm.so", "JNI_GetCreatedJavaVMs").orElse(0);
      if (createdVms == 0) {
        return 0;
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment result = arena.allocate(16, 8);
        if (call(createdVms, result.address(), 1, result.address() + 8, 0) != 0) {
          return 0;
        }
        long vm = result.get(JAVA_LONG, 0);
        long getEnv =
            CurrentProcess.readLong(
                CurrentProcess.readLong(vm) + (long) INVOKE_GET_ENV * Long.BYTES);
        return call(getEnv, vm, result.address(), JVMTI_VERSION, 0) == 0
            ? result.get(JAVA_LONG, 0)
            : 0;
      }
    }
  }
}
