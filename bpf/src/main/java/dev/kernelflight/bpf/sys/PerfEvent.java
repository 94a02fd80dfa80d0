package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * perf_event_open(2) and its ioctls. Offsets and numbers are those of {@code struct
 * perf_event_attr} in the UAPI header {@code linux/perf_event.h}.
 */
public final class PerfEvent {
  private static final Path KPROBE_PMU = Path.of("/sys/bus/event_source/devices/kprobe/type");

  private static final int ATTR_BYTES = 112;
  private static final int TYPE_HARDWARE = 0;
  private static final int TYPE_SOFTWARE = 1;
  private static final int TYPE_TRACEPOINT = 2;
  private static final int COUNT_HW_CPU_CYCLES = 0;
  private static final int COUNT_SW_CPU_CLOCK = 0;
  private static final int COUNT_SW_BPF_OUTPUT = 10;
  private static final long SAMPLE_RAW = 1 << 10;
  private static final long ATTR_DISABLED = 1;
  private static final long ATTR_FREQUENCY = 1 << 10;
  private static final long ATTR_WATERMARK = 1 << 14;
  private static final long FLAG_FD_CLOEXEC = 8;
  private static final int ANY_PROCESS = -1;

  private static final int IOC_ENABLE = 0x2400;
  private static final int IOC_SET_BPF = 0x40042408;

  private static final Path MOST_SAMPLES = Path.of("/proc/sys/kernel/perf_event_max_sample_rate");

  /** What counts the time between samples. */
  public enum SampleClock {
    /** The processor's counter of cycles, which also sees kernel code that masks interrupts. */
    CYCLES("cycles", TYPE_HARDWARE, COUNT_HW_CPU_CYCLES),
    /** A timer of the kernel: everywhere, also in virtual machines. */
    CPU_CLOCK("cpu-clock", TYPE_SOFTWARE, COUNT_SW_CPU_CLOCK);

    private final String text;
    private final int type;
    private final long config;

    SampleClock(String text, int type, long config) {
      this.text = text;
      this.type = type;
      this.config = config;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private PerfEvent() {}

  /**
   * The most samples a second that the kernel takes of a CPU ({@code
   * kernel.perf_event_max_sample_rate}); it lowers that itself where sampling takes too long. Empty
   * where that cannot be read now: then the kernel is asked, and refuses.
   */
  public static OptionalInt mostSamplesPerSecond() {
    // at once: of a sysctl that is read byte by byte there is only the first
    try (BufferedReader setting = Files.newBufferedReader(MOST_SAMPLES)) {
      return OptionalInt.of(Integer.parseInt(setting.readLine()));
    } catch (IOException | NumberFormatException e) {
      return OptionalInt.empty();
    }
  }

  /**
   * Opens an event that runs a program so many times a second on one CPU, whatever runs there;
   * closing the descriptor detaches it.
   *
   * @param frequency in Hz
   */
  public static Fd openSampling(SampleClock clock, int cpu, int frequency, Fd program)
      throws KernelException {
    String call = "perf_event_open(" + clock + " at " + frequency + " Hz on CPU " + cpu + ")";
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = attr(arena, clock.type, clock.config);
      attr.set(JAVA_LONG, 16, frequency);
      attr.set(JAVA_LONG, 40, ATTR_DISABLED | ATTR_FREQUENCY);
      return enable(call, open(call, attr, cpu), program);
    }
  }

  /**
   * Opens the event that a program's {@code bpf_perf_event_output} on one CPU goes to, enabled.
   *
   * @param watermark bytes in the ring that wake a poller
   */
  public static Fd openBpfOutput(int cpu, int watermark) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = attr(arena, TYPE_SOFTWARE, COUNT_SW_BPF_OUTPUT);
      attr.set(JAVA_LONG, 24, SAMPLE_RAW);
      attr.set(JAVA_LONG, 40, ATTR_WATERMARK);
      attr.set(JAVA_INT, 48, watermark);
      return open("perf_event_open(bpf-output on CPU " + cpu + ")", attr, cpu);
    }
  }

  /**
   * Opens a probe on a kernel function and attaches a program to it; closing the descriptor
   * detaches it. The probe fires on every CPU.
   *
   * @param atReturn whether the program runs when the function returns instead of at its entry
   * @param cpu any CPU that is online
   */
  public static Fd openKprobe(String function, boolean atReturn, int cpu, Fd program)
      throws KernelException {
    String call = "perf_event_open(" + (atReturn ? "kretprobe " : "kprobe ") + function + ")";
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = attr(arena, kprobeType(call), atReturn ? 1 : 0);
      attr.set(JAVA_LONG, 40, ATTR_DISABLED);
      attr.set(JAVA_LONG, 56, Bpf.string(arena, function).address());
      return enable(call, open(call, attr, cpu), program);
    }
  }

  /**
   * Attaches a program to a tracepoint; closing the descriptor detaches it. It runs on every CPU.
   *
   * @param name for the message of a failure
   * @param id that {@link Tracefs} tells
   * @param cpu any CPU that is online
   */
  public static Fd openTracepoint(String name, int id, int cpu, Fd program) throws KernelException {
    String call = "perf_event_open(tracepoint " + name + ")";
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = attr(arena, TYPE_TRACEPOINT, id);
      attr.set(JAVA_LONG, 40, ATTR_DISABLED);
      Fd event = open(call, attr, cpu);
      // the program runs also while the event does not count, and counting costs
      return setProgram(call, event, program);
    }
  }

  /** Has an event run a program from now on; closes it if it cannot. */
  private static Fd enable(String what, Fd event, Fd program) throws KernelException {
    setProgram(what, event, program);
    try {
      ioctl("ioctl(PERF_EVENT_IOC_ENABLE) of " + what, event, IOC_ENABLE, 0);
      return event;
    } catch (KernelException | RuntimeException e) {
      event.close();
      throw e;
    }
  }

  private static Fd setProgram(String what, Fd event, Fd program) throws KernelException {
    try {
      ioctl("ioctl(PERF_EVENT_IOC_SET_BPF) of " + what, event, IOC_SET_BPF, program.number());
      return event;
    } catch (Throwable e) {
      event.close();
      throw e;
    }
  }

  private static int kprobeType(String call) throws KernelException {
    try {
      return Integer.parseInt(Files.readString(KPROBE_PMU).strip());
    } catch (IOException | NumberFormatException e) {
      throw new KernelException(call + ": no " + KPROBE_PMU + ", so no kprobes", Errno.ENOENT);
    }
  }

  private static MemorySegment attr(Arena arena, int type, long config) {
    MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
    attr.set(JAVA_INT, 0, type);
    attr.set(JAVA_INT, 4, ATTR_BYTES);
    attr.set(JAVA_LONG, 8, config);
    return attr;
  }

  private static Fd open(String call, MemorySegment attr, int cpu) throws KernelException {
    return new Fd(
        Native.check(
            call,
            Native.call(
                Native.PERF_EVENT_OPEN, attr.address(), ANY_PROCESS, cpu, -1, FLAG_FD_CLOEXEC, 0)));
  }

  private static void ioctl(String call, Fd fd, int request, long argument) throws KernelException {
    Native.check(call, Native.call(Native.IOCTL, fd.number(), request, argument));
  }
}
