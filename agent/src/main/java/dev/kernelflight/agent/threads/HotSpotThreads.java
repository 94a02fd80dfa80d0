package dev.kernelflight.agent.threads;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.CurrentProcess.MemoryWindow;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/**
 * The kernel's ids of Java threads, read from HotSpot without a safepoint: {@code Thread.eetop} is
 * the address of the VM's thread, and where that holds its id the VM itself says in the tables that
 * it exports for debuggers ({@code gHotSpotVMStructs}, see {@code vmStructs.hpp}). Memory is read
 * so that a thread that ends meanwhile cannot crash the JVM. Thread-safe.
 */
final class HotSpotThreads {
  private static final String LIBRARY = "libjvm.so";
  private static final int NAME_BYTES = 24;
  private static final int LARGEST_ENTRY_BYTES = 128;

  private static final MemorySegment OS_THREAD = name("_osthread");
  private static final MemorySegment THREAD_ID = name("_thread_id");
  private static final MemorySegment CURRENT_ID = name("_monitor_owner_id");
  private static final MemorySegment OS_THREAD_TYPE = name("OSThread");
  private static final MemorySegment JAVA_THREAD_TYPE = name("JavaThread");

  private final MemoryWindow window = new MemoryWindow(LARGEST_ENTRY_BYTES);
  private final VarHandle eetop;
  private final long osThreadOffset;
  private final long threadIdOffset;

  /** Of the id by which the VM knows who owns a monitor, since JDK 24; or negative. */
  private final long currentIdOffset;

  /**
   * @throws ReflectiveOperationException if {@code Thread} has no such field
   * @throws IOException if the VM exports no such tables
   */
  HotSpotThreads(Instrumentation instrumentation) throws ReflectiveOperationException, IOException {
    open(instrumentation);
    eetop =
        MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup())
            .findVarHandle(Thread.class, "eetop", long.class);
    long[] offsets = findOffsets();
    osThreadOffset = offsets[0];
    threadIdOffset = offsets[1];
    currentIdOffset = offsets[2];
  }

  private static void open(Instrumentation instrumentation) {
    Set<Module> us = Set.of(HotSpotThreads.class.getModule());
    instrumentation.redefineModule(
        Object.class.getModule(),
        Set.of(),
        Map.of(),
        Map.of("java.lang", us, "jdk.internal.vm", us),
        Set.of(),
        Map.of());
  }

  /** The address of what the JDK's agent library knows of this agent, or 0. */
  static long nativeAgent(Instrumentation instrumentation) {
    Class<?> type = instrumentation.getClass();
    instrumentation.redefineModule(
        type.getModule(),
        Set.of(),
        Map.of(),
        Map.of(type.getPackageName(), Set.of(HotSpotThreads.class.getModule())),
        Set.of(),
        Map.of());
    try {
      return (long)
          MethodHandles.privateLookupIn(type, MethodHandles.lookup())
              .findVarHandle(type, "mNativeAgent", long.class)
              .get(instrumentation);
    } catch (ReflectiveOperationException e) {
      return 0;
    }
  }

  /** The kernel's id of a thread, or -1 if the thread does not run. */
  synchronized int osThreadId(Thread thread) {
    long vmThread = (long) eetop.getVolatile(thread);
    if (vmThread == 0 || !window.copyFrom(vmThread + osThreadOffset, Long.BYTES)) {
      return -1;
    }
    long osThread = window.bytes().get(JAVA_LONG, 0);
    if (osThread == 0 || !window.copyFrom(osThread + threadIdOffset, Integer.BYTES)) {
      return -1;
    }
    int id = window.bytes().get(JAVA_INT, 0);
    // unchanged: what was read belonged to this thread
    return (long) eetop.getVolatile(thread) == vmThread ? id : -1;
  }

  /** The kernel's id of the calling thread; unlike the above, by any thread about itself. */
  int ownOsThreadId(Thread self) {
    long vmThread = (long) eetop.get(self);
    return CurrentProcess.readInt(
        CurrentProcess.readLong(vmThread + osThreadOffset) + threadIdOffset);
  }

  /** Whether the VM says which Java thread a carrier runs. */
  boolean tellsCurrent() {
    return currentIdOffset >= 0;
  }

  /**
   * Where a thread keeps the id of the Java thread that it runs, itself or a virtual one; 0 if it
   * does not run.
   */
  long currentIdAddress(Thread thread) {
    long vmThread = (long) eetop.getVolatile(thread);
    return vmThread == 0 ? 0 : vmThread + currentIdOffset;
  }

  /** Offsets of the OSThread, of the kernel's id in it, and of the current thread's id or -1. */
  private long[] findOffsets() throws IOException {
    long stride = variable("gHotSpotVMStructEntryArrayStride");
    long typeName = variable("gHotSpotVMStructEntryTypeNameOffset");
    long fieldName = variable("gHotSpotVMStructEntryFieldNameOffset");
    long fieldOffset = variable("gHotSpotVMStructEntryOffsetOffset");
    if (stride <= 0 || stride > LARGEST_ENTRY_BYTES) {
      throw new IOException("the VM's table of structures has entries of " + stride + " bytes");
    }
    long osThread = -1;
    long threadId = -1;
    long currentId = -1;
    for (long entry = variable("gHotSpotVMStructs");
        window.copyFrom(entry, (int) stride);
        entry += stride) {
      MemorySegment bytes = window.bytes();
      long typeAddress = bytes.get(JAVA_LONG, typeName);
      long fieldAddress = bytes.get(JAVA_LONG, fieldName);
      long offset = bytes.get(JAVA_LONG, fieldOffset);
      if (typeAddress == 0) {
        break;
      }
      // once for each of some 1,000 entries, at the start of the JVM
      boolean readable = window.copyFrom(fieldAddress, NAME_BYTES);
      if (readable && isNamed(OS_THREAD)) {
        osThread = offset;
      } else if (readable && isNamed(THREAD_ID)) {
        if (hasName(typeAddress, OS_THREAD_TYPE)) {
          threadId = offset;
        }
      } else if (readable && isNamed(CURRENT_ID) && hasName(typeAddress, JAVA_THREAD_TYPE)) {
        currentId = offset;
      }
      if (osThread >= 0 && threadId >= 0 && currentId >= 0) {
        break;
      }
    }
    if (osThread >= 0 && threadId >= 0) {
      return new long[] {osThread, threadId, currentId};
    }
    throw new IOException("the VM's table of structures does not say where thread ids are");
  }

  private long variable(String symbol) throws IOException {
    long address =
        CurrentProcess.symbol(LIBRARY, symbol)
            .orElseThrow(() -> new IOException("no " + symbol + " in " + LIBRARY));
    if (!window.copyFrom(address, Long.BYTES)) {
      throw new IOException("cannot read " + symbol);
    }
    return window.bytes().get(JAVA_LONG, 0);
  }

  private boolean hasName(long address, MemorySegment name) {
    return window.copyFrom(address, NAME_BYTES) && isNamed(name);
  }

  /** Whether the window begins with a name. */
  private boolean isNamed(MemorySegment name) {
    long length = name.byteSize();
    return MemorySegment.mismatch(window.bytes(), 0, length, name, 0, length) < 0;
  }

  private static MemorySegment name(String name) {
    return MemorySegment.ofArray((name + '\0').getBytes(StandardCharsets.US_ASCII));
  }
}
