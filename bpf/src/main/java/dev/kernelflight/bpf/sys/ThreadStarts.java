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
import org.jspecify.annotations.Nullable;

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
  private static final int DISABLE = 0;

  /** A library's code is nearer together than that. */
  private static final long LIBRARY_BYTES = 1L << 27;

  private static volatile Runnable listener = () -> {};
  private static Answer answer = Answer.NOT_YET;
  private static @Nullable Functions linked;

  /** A {@code jvmtiEnv*}, or 0. */
  private static long environment;

  /** A {@code JavaVM*} if the agent library keeps it where it did so far, or 0. */
  private static long supposedVm;

  /** What the JVM says to a listener. */
  public enum Answer {
    /** It is being called. */
    YES,
    /** The JVM is still starting up: ask again. */
    NOT_YET,
    /** This JVM has no such interface. */
    NO
  }

  private ThreadStarts() {}

  /**
   * Where the {@code JavaVM*} may be of a JVM that is still starting up, which the JVM itself does
   * not tell. It is looked at with care, and anything else is not used.
   *
   * @param agent what {@code Instrumentation} keeps of the JDK's agent library: a {@code
   *     JPLISAgent}, whose first member is that
   */
  public static synchronized void suppose(long agent) {
    try (CurrentProcess.MemoryWindow window = new CurrentProcess.MemoryWindow(Long.BYTES)) {
      supposedVm = window.copyFrom(agent, Long.BYTES) ? window.bytes().get(JAVA_LONG, 0) : 0;
    }
  }

  /**
   * Calls a listener on each thread that starts from now on; the latest listener is the one called.
   * It must be quick; what it throws is ignored.
   */
  public static synchronized Answer listen(Runnable onStartedThread) {
    listener = onStartedThread;
    if (answer == Answer.NOT_YET) {
      try {
        answer = enable();
      } catch (ReflectiveOperationException | IOException | RuntimeException e) {
        answer = Answer.NO;
      }
    }
    return answer;
  }

  /** Calls nobody any more, until somebody listens again. */
  public static synchronized void ignore() {
    listener = () -> {};
    Functions functions = linked;
    if (answer == Answer.YES && functions != null) {
      functions.notify(environment, DISABLE);
      answer = Answer.NOT_YET;
    }
  }

  /** Called by the JVM; an exception that left it would end the process. */
  @SuppressWarnings("UnusedVariable") // the JVM decides what it passes
  private static void onThreadStart(long environment, long jni, long thread) {
    try {
      listener.run();
    } catch (Throwable e) {
      // one thread stays unknown
    }
  }

  private static Answer enable() throws ReflectiveOperationException, IOException {
    Functions functions = linked;
    if (functions == null) {
      functions = new Functions();
      linked = functions;
      onThreadStart(0, 0, 0); // loads what the listener needs, on a thread that may load classes
    }
    long vm = functions.createdVm();
    if (vm == 0 && functions.isVm(supposedVm)) {
      vm = supposedVm;
    }
    if (vm == 0) {
      return Answer.NOT_YET;
    }
    if (environment == 0) {
      environment = functions.toolEnvironment(vm);
    }
    if (environment == 0) {
      return Answer.NO;
    }
    long table = CurrentProcess.readLong(environment);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment callbacks = arena.allocate(CALLBACK_BYTES, 8);
      callbacks.set(
          ADDRESS, (long) (EVENT_THREAD_START - FIRST_EVENT) * Long.BYTES, functions.onThreadStart);
      boolean agreed =
          functions.call(
                      CurrentProcess.readLong(table + slot(FUNCTION_SET_EVENT_CALLBACKS)),
                      environment,
                      callbacks.address(),
                      CALLBACK_BYTES,
                      0)
                  == 0
              && functions.notify(environment, ENABLE);
      return agreed ? Answer.YES : Answer.NO;
    }
  }

  private static long slot(int function) {
    return (function - 1L) * Long.BYTES;
  }

  /** Functions of the JVM, all of which take up to four words and return an int; and our own. */
  private static final class Functions {
    private final MethodHandle call =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private final long createdVms =
        CurrentProcess.symbol("libjvm.so", "JNI_GetCreatedJavaVMs")
            .orElseThrow(() -> new IOException("no libjvm.so"));

    /** For ever: the JVM may call it at any time. */
    final MemorySegment onThreadStart =
        Linker.nativeLinker()
            .upcallStub(
                MethodHandles.lookup()
                    .findStatic(
                        ThreadStarts.class,
                        "onThreadStart",
                        MethodType.methodType(void.class, long.class, long.class, long.class)),
                FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG),
                Arena.global());

    Functions() throws ReflectiveOperationException, IOException {}

    int call(long function, long a1, long a2, long a3, long a4) {
      try {
        return (int) call.invokeExact(MemorySegment.ofAddress(function), a1, a2, a3, a4);
      } catch (Throwable e) {
        throw new AssertionError("a native function cannot throw", e);
      }
    }

    /** Switches the event on or off. */
    boolean notify(long environment, int mode) {
      long table = CurrentProcess.readLong(environment);
      return call(
              CurrentProcess.readLong(table + slot(FUNCTION_SET_EVENT_NOTIFICATION_MODE)),
              environment,
              mode,
              EVENT_THREAD_START,
              0)
          == 0;
    }

    /** The {@code JavaVM*}, or 0 as long as it is being created. */
    long createdVm() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment vm = arena.allocate(JAVA_LONG);
        MemorySegment count = arena.allocate(JAVA_LONG);
        call(createdVms, vm.address(), 1, count.address(), 0);
        return count.get(JAVA_INT, 0) == 1 ? vm.get(JAVA_LONG, 0) : 0;
      }
    }

    /**
     * Whether it has the table of functions of a {@code JavaVM*}: three nulls and five of libjvm.
     */
    boolean isVm(long address) {
      try (CurrentProcess.MemoryWindow window =
          new CurrentProcess.MemoryWindow((INVOKE_GET_ENV + 2) * Long.BYTES)) {
        if (!window.copyFrom(address, Long.BYTES)
            || !window.copyFrom(
                window.bytes().get(JAVA_LONG, 0), (INVOKE_GET_ENV + 2) * Long.BYTES)) {
          return false;
        }
        for (int i = 0; i < INVOKE_GET_ENV + 2; i++) {
          long function = window.bytes().getAtIndex(JAVA_LONG, i);
          if (i < 3 ? function != 0 : Math.abs(function - createdVms) > LIBRARY_BYTES) {
            return false;
          }
        }
        return true;
      }
    }

    /** A new {@code jvmtiEnv*}, or 0. */
    long toolEnvironment(long vm) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment environment = arena.allocate(JAVA_LONG);
        long functions = CurrentProcess.readLong(vm);
        long getEnv = CurrentProcess.readLong(functions + (long) INVOKE_GET_ENV * Long.BYTES);
        return call(getEnv, vm, environment.address(), JVMTI_VERSION, 0) == 0
            ? environment.get(JAVA_LONG, 0)
            : 0;
      }
    }
  }
}
