package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The commands of bpf(2). Offsets are those of {@code union bpf_attr} and {@code struct
 * bpf_prog_info} in the UAPI header {@code linux/bpf.h}, which only ever grow at their end. It is
 * longer than other classes, since all of one system call stands in one place.
 */
public final class Bpf {
  /** {@code enum bpf_map_type}. */
  public static final int MAP_TYPE_HASH = 1;

  /** {@code enum bpf_map_type}. */
  public static final int MAP_TYPE_ARRAY = 2;

  /** {@code enum bpf_map_type}. */
  public static final int MAP_TYPE_PERF_EVENT_ARRAY = 4;

  /** {@code enum bpf_map_type}. */
  public static final int MAP_TYPE_PERCPU_ARRAY = 6;

  /** {@code enum bpf_map_type}. */
  public static final int MAP_TYPE_RINGBUF = 27;

  /** Programs may only read the map. */
  public static final int F_RDONLY_PROG = 1 << 7;

  /** User space may mmap the map. */
  public static final int F_MMAPABLE = 1 << 10;

  private static final int MAP_CREATE = 0;
  private static final int MAP_LOOKUP_ELEM = 1;
  private static final int MAP_UPDATE_ELEM = 2;
  private static final int MAP_DELETE_ELEM = 3;
  private static final int MAP_GET_NEXT_KEY = 4;
  private static final int PROG_LOAD = 5;
  private static final int PROG_TEST_RUN = 10;
  private static final int OBJ_GET_INFO_BY_FD = 15;
  private static final int RAW_TRACEPOINT_OPEN = 17;
  private static final int MAP_FREEZE = 22;
  private static final int LINK_CREATE = 28;

  private static final Map<String, Integer> COMMANDS =
      Map.of(
          "BPF_MAP_CREATE", MAP_CREATE,
          "BPF_MAP_LOOKUP_ELEM", MAP_LOOKUP_ELEM,
          "BPF_MAP_UPDATE_ELEM", MAP_UPDATE_ELEM,
          "BPF_PROG_LOAD", PROG_LOAD,
          "BPF_PROG_TEST_RUN", PROG_TEST_RUN,
          "BPF_RAW_TRACEPOINT_OPEN", RAW_TRACEPOINT_OPEN,
          "BPF_MAP_FREEZE", MAP_FREEZE);

  private static final int TEST_RUN_ON_CPU = 1;
  private static final int F_SLEEPABLE = 1 << 4;
  private static final int TRACE_KPROBE_MULTI = 42;

  /** {@code return 0}, as {@code struct bpf_insn}s. */
  private static final byte[] NOTHING = {
    (byte) 0xb7, 0, 0, 0, 0, 0, 0, 0, (byte) 0x95, 0, 0, 0, 0, 0, 0, 0
  };

  private static final int ATTR_BYTES = 120;
  private static final int PROG_INFO_BYTES = 216;
  private static final int PROG_INFO_RECURSION_MISSES = 208;
  private static final int NAME_LENGTH = 15;

  /** What kind of program the verifier is given, and what it may be attached to. */
  public enum ProgramType {
    KPROBE(2, 0),
    KPROBE_MULTI(2, TRACE_KPROBE_MULTI),
    TRACEPOINT(5, 0),
    PERF_EVENT(7, 0),
    RAW_TRACEPOINT(17, 0),
    FENTRY(26, 24),
    FEXIT(26, 25);

    private final int programType;
    private final int attachType;

    ProgramType(int programType, int attachType) {
      this.programType = programType;
      this.attachType = attachType;
    }
  }

  private Bpf() {}

  /** The number of the command that a failed call names, such as that in {@link #createMap}. */
  static int command(String call) {
    for (Map.Entry<String, Integer> command : COMMANDS.entrySet()) {
      if (call.startsWith("bpf(" + command.getKey())) {
        return command.getValue();
      }
    }
    return OBJ_GET_INFO_BY_FD;
  }

  private static long call(int command, MemorySegment attr) {
    return Native.call(Native.BPF, command, attr.address(), attr.byteSize());
  }

  /** Creates a map; the name is cut at 15 characters. */
  public static Fd createMap(
      String name, int type, int keyBytes, int valueBytes, int maxEntries, int flags)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(JAVA_INT, 0, type);
      attr.set(JAVA_INT, 4, keyBytes);
      attr.set(JAVA_INT, 8, valueBytes);
      attr.set(JAVA_INT, 12, maxEntries);
      attr.set(JAVA_INT, 16, flags);
      putName(attr, 28, name);
      return new Fd(Native.check("bpf(BPF_MAP_CREATE " + name + ")", call(MAP_CREATE, attr)));
    }
  }

  /** Sets the value of a key, inserting it where it is new. */
  public static void updateElement(String map, Fd fd, byte[] key, byte[] value)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = element(arena, fd, key);
      attr.set(JAVA_LONG, 16, bytes(arena, value).address());
      Native.check("bpf(BPF_MAP_UPDATE_ELEM " + map + ")", call(MAP_UPDATE_ELEM, attr));
    }
  }

  /** Reads the value of a key into a native segment; for a per-CPU map, that of every CPU. */
  public static void lookupElement(String map, Fd fd, byte[] key, MemorySegment value)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = element(arena, fd, key);
      attr.set(JAVA_LONG, 16, value.address());
      Native.check("bpf(BPF_MAP_LOOKUP_ELEM " + map + ")", call(MAP_LOOKUP_ELEM, attr));
    }
  }

  /** The key after another one, or the first after null; null after the last. */
  public static byte @Nullable [] nextKey(String map, Fd fd, byte @Nullable [] key, int keyBytes)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      MemorySegment next = arena.allocate(keyBytes, 8);
      attr.set(JAVA_INT, 0, fd.number());
      attr.set(JAVA_LONG, 8, key == null ? 0 : bytes(arena, key).address());
      attr.set(JAVA_LONG, 16, next.address());
      long result = call(MAP_GET_NEXT_KEY, attr);
      if (result == -Errno.ENOENT) {
        return null;
      }
      Native.check("bpf(BPF_MAP_GET_NEXT_KEY " + map + ")", result);
      return next.toArray(JAVA_BYTE);
    }
  }

  /** Removes a key. */
  public static void deleteElement(String map, Fd fd, byte[] key) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      Native.check(
          "bpf(BPF_MAP_DELETE_ELEM " + map + ")", call(MAP_DELETE_ELEM, element(arena, fd, key)));
    }
  }

  private static MemorySegment element(Arena arena, Fd fd, byte[] key) {
    MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
    attr.set(JAVA_INT, 0, fd.number());
    attr.set(JAVA_LONG, 8, bytes(arena, key).address());
    return attr;
  }

  /** Forbids user space to write the map, so that the verifier may take its values as constants. */
  public static void freezeMap(String map, Fd fd) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(JAVA_INT, 0, fd.number());
      Native.check("bpf(BPF_MAP_FREEZE " + map + ")", call(MAP_FREEZE, attr));
    }
  }

  /**
   * Loads a program.
   *
   * @param instructions {@code struct bpf_insn}s, with the descriptors of maps filled in
   * @param targetBtfId the vmlinux BTF id of the function of an fentry or fexit program, else 0
   * @param log where the verifier writes its log, or null for none; read it as bytes up to a NUL
   */
  public static Fd loadProgram(
      String name,
      ProgramType type,
      byte[] instructions,
      String license,
      int targetBtfId,
      @Nullable MemorySegment log)
      throws KernelException {
    return loadProgram(name, type, instructions, license, 0, targetBtfId, log);
  }

  /**
   * Whether the kernel preempts programs of raw tracepoints, and then skips them for others on that
   * CPU. It is asked whether such a program may sleep: that came together (Linux 7.2).
   */
  public static boolean preemptsRawTracepoints() {
    try {
      loadProgram("may_sleep", ProgramType.RAW_TRACEPOINT, NOTHING, "GPL", F_SLEEPABLE, 0, null)
          .close();
      return true;
    } catch (KernelException e) {
      return false;
    }
  }

  private static Fd loadProgram(
      String name,
      ProgramType type,
      byte[] instructions,
      String license,
      int flags,
      int targetBtfId,
      @Nullable MemorySegment log)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(JAVA_INT, 0, type.programType);
      attr.set(JAVA_INT, 4, instructions.length / 8);
      attr.set(JAVA_LONG, 8, bytes(arena, instructions).address());
      attr.set(JAVA_LONG, 16, string(arena, license).address());
      if (log != null) {
        attr.set(JAVA_INT, 24, 1);
        attr.set(JAVA_INT, 28, (int) log.byteSize());
        attr.set(JAVA_LONG, 32, log.address());
      }
      attr.set(JAVA_INT, 44, flags);
      putName(attr, 48, name);
      attr.set(JAVA_INT, 68, type.attachType);
      attr.set(JAVA_INT, 108, targetBtfId);
      return new Fd(Native.check("bpf(BPF_PROG_LOAD " + name + ")", call(PROG_LOAD, attr)));
    }
  }

  /** Runs a raw tracepoint program once, without a context, on the calling thread. */
  public static void runOnce(String name, Fd program) throws KernelException {
    testRun(name, program, 0, 0, 0);
  }

  /** The same with a first argument. */
  public static void runOnce(String name, Fd program, long argument) throws KernelException {
    testRun(name, program, argument, 0, 0);
  }

  /**
   * Runs a raw tracepoint program once on a CPU, without a context, and waits for its end.
   *
   * @return what the program returned; empty if the CPU is not online
   */
  public static OptionalInt runOn(String name, Fd program, int cpu) throws KernelException {
    try {
      return OptionalInt.of(testRun(name, program, 0, TEST_RUN_ON_CPU, cpu));
    } catch (KernelException e) {
      if (e.errno() == Errno.ENXIO) {
        return OptionalInt.empty();
      }
      throw e;
    }
  }

  private static int testRun(String name, Fd program, long argument, int flags, int cpu)
      throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      MemorySegment context = arena.allocate(Long.BYTES, 8);
      context.set(JAVA_LONG, 0, argument);
      attr.set(JAVA_INT, 0, program.number());
      attr.set(JAVA_INT, 40, Long.BYTES);
      attr.set(JAVA_LONG, 48, context.address());
      attr.set(JAVA_INT, 64, flags);
      attr.set(JAVA_INT, 68, cpu);
      Native.check("bpf(BPF_PROG_TEST_RUN " + name + ")", call(PROG_TEST_RUN, attr));
      return attr.get(JAVA_INT, 4);
    }
  }

  /** Attaches a raw tracepoint program; closing the descriptor detaches it. */
  public static Fd openRawTracepoint(String tracepoint, Fd program) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(JAVA_LONG, 0, string(arena, tracepoint).address());
      attr.set(JAVA_INT, 8, program.number());
      return new Fd(
          Native.check(
              "bpf(BPF_RAW_TRACEPOINT_OPEN " + tracepoint + ")", call(RAW_TRACEPOINT_OPEN, attr)));
    }
  }

  /** Attaches a program to the entry of a kernel function; closing the descriptor detaches it. */
  public static Fd openKprobeMulti(String function, Fd program) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      MemorySegment functions = arena.allocate(Long.BYTES, 8);
      functions.set(JAVA_LONG, 0, string(arena, function).address());
      attr.set(JAVA_INT, 0, program.number());
      attr.set(JAVA_INT, 8, TRACE_KPROBE_MULTI);
      attr.set(JAVA_INT, 20, 1);
      attr.set(JAVA_LONG, 24, functions.address());
      return new Fd(
          Native.check(
              "bpf(BPF_LINK_CREATE kprobe.multi " + function + ")", call(LINK_CREATE, attr)));
    }
  }

  /**
   * Attaches an fentry or fexit program to the function that it was loaded for; closing the
   * descriptor detaches it.
   */
  public static Fd openTrampoline(String function, Fd program) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(JAVA_INT, 8, program.number());
      return new Fd(
          Native.check(
              "bpf(BPF_RAW_TRACEPOINT_OPEN of the trampoline of " + function + ")",
              call(RAW_TRACEPOINT_OPEN, attr)));
    }
  }

  /**
   * How often the kernel skipped a program because it was already running on that CPU; 0 on kernels
   * before 5.12, which do not count it.
   */
  public static long recursionMisses(Fd program) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(PROG_INFO_BYTES, 8);
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(JAVA_INT, 0, program.number());
      attr.set(JAVA_INT, 4, PROG_INFO_BYTES);
      attr.set(JAVA_LONG, 8, info.address());
      Native.check("bpf(BPF_OBJ_GET_INFO_BY_FD)", call(OBJ_GET_INFO_BY_FD, attr));
      return info.get(JAVA_LONG, PROG_INFO_RECURSION_MISSES);
    }
  }

  static MemorySegment bytes(Arena arena, byte[] bytes) {
    MemorySegment copy = arena.allocate(Math.max(bytes.length, 1), 8);
    MemorySegment.copy(bytes, 0, copy, JAVA_BYTE, 0, bytes.length);
    return copy;
  }

  static MemorySegment string(Arena arena, String text) {
    return bytes(arena, (text + '\0').getBytes(StandardCharsets.UTF_8));
  }

  private static void putName(MemorySegment attr, long offset, String name) {
    // the kernel takes letters, digits, '_' and '.' only
    byte[] bytes = name.replaceAll("[^A-Za-z0-9_.]", "_").getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(bytes, 0, attr, JAVA_BYTE, offset, Math.min(bytes.length, NAME_LENGTH));
  }
}
