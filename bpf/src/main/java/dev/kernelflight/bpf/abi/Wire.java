package dev.kernelflight.bpf.abi;

/**
 * The wire format of the BPF programs, {@code event.h}: offsets and sizes in bytes, and constants.
 * Generated from the objects' BTF by {@code bpf/build-objects}; not to be edited.
 */
public final class Wire {
  private Wire() {}

  /** {@code enum table_size}. */
  public static final class TableSize {
    public static final int MAX_SYSCALLS = 1024;
    public static final int CARRIERS = 1024;

    private TableSize() {}
  }

  /** {@code enum event_type}. */
  public static final class EventType {
    public static final int EVENT_FILE_OPEN = 1;
    public static final int EVENT_SYSCALL = 2;
    public static final int EVENT_CPU_SAMPLE = 3;
    public static final int EVENT_SIGNAL = 4;

    private EventType() {}
  }

  /** {@code enum sample_mode}. */
  public static final class SampleMode {
    public static final int SAMPLE_USER = 0;
    public static final int SAMPLE_KERNEL = 1;

    private SampleMode() {}
  }

  /** {@code enum batch_of}. */
  public static final class BatchOf {
    public static final int BATCH_OF_OPENS = 0;
    public static final int BATCH_OF_SYSCALLS = 1;
    public static final int BATCHES = 2;

    private BatchOf() {}
  }

  /** {@code enum detail_kind}. */
  public static final class DetailKind {
    public static final int DETAIL_NONE = 0;
    public static final int DETAIL_PATH = 1;
    public static final int DETAIL_BYTES = 2;
    public static final int DETAIL_BYTES_BY_REFERENCE = 3;

    private DetailKind() {}
  }

  /** {@code enum wanted}. */
  public static final class Wanted {
    public static final int WANT_FILE_OPENS = 1;
    public static final int WANT_SYSCALLS = 2;
    public static final int WANT_STATISTICS = 4;
    public static final int WANT_STATISTICS_BY_THREAD = 8;
    public static final int WANT_FAILED_OPENS_ONLY = 16;
    public static final int WANT_FAILED_SYSCALLS_ONLY = 32;
    public static final int WANT_OWN_SIGNALS = 64;

    private Wanted() {}
  }

  /** {@code enum scope}. */
  public static final class Scope {
    public static final int SCOPE_SELF = 0;
    public static final int SCOPE_PROCESS = 1;
    public static final int SCOPE_ALL = 2;

    private Scope() {}
  }

  /** {@code struct event}. */
  public static final class Event {
    public static final int TYPE = 0;
    public static final int TID = 4;
    public static final int PID = 8;
    public static final int SIZE = 12;
    public static final int START = 16;
    public static final int END = 24;
    public static final int JAVA_THREAD = 32;
    public static final int COMM = 40;
    public static final int COMM_COUNT = 16;
    public static final int COMM_BYTES = 16;
    public static final int BYTES = 56;

    private Event() {}
  }

  /** {@code struct file_open_event}. */
  public static final class FileOpenEvent {
    public static final int HEADER = 0;
    public static final int HEADER_BYTES = 56;
    public static final int FLAGS = 56;
    public static final int RESULT = 64;
    public static final int MODE = 68;
    public static final int DIRECTORY = 72;
    public static final int PATH_LENGTH = 76;
    public static final int PATH = 80;
    public static final int PATH_COUNT = 4096;
    public static final int PATH_BYTES = 4096;
    public static final int BYTES = 4176;

    private FileOpenEvent() {}
  }

  /** {@code struct syscall_event}. */
  public static final class SyscallEvent {
    public static final int HEADER = 0;
    public static final int HEADER_BYTES = 56;
    public static final int RESULT = 56;
    public static final int ARGUMENTS = 64;
    public static final int ARGUMENTS_COUNT = 6;
    public static final int ARGUMENTS_BYTES = 48;
    public static final int NUMBER = 112;
    public static final int DETAIL_LENGTH = 116;
    public static final int DETAIL = 120;
    public static final int DETAIL_COUNT = 256;
    public static final int DETAIL_BYTES = 256;
    public static final int BYTES = 376;

    private SyscallEvent() {}
  }

  /** {@code struct cpu_sample_event}. */
  public static final class CpuSampleEvent {
    public static final int HEADER = 0;
    public static final int HEADER_BYTES = 56;
    public static final int CPU = 56;
    public static final int MODE = 60;
    public static final int STACK_LENGTH = 64;
    public static final int RESERVED = 68;
    public static final int STACK = 72;
    public static final int STACK_COUNT = 127;
    public static final int STACK_BYTES = 1016;
    public static final int BYTES = 1088;

    private CpuSampleEvent() {}
  }

  /** {@code struct signal_event}. */
  public static final class SignalEvent {
    public static final int HEADER = 0;
    public static final int HEADER_BYTES = 56;
    public static final int NUMBER = 56;
    public static final int CODE = 60;
    public static final int SENDER_PID = 64;
    public static final int SENDER_UID = 68;
    public static final int BYTES = 72;

    private SignalEvent() {}
  }

  /** {@code struct batch}. */
  public static final class Batch {
    public static final int USED = 0;
    public static final int RECORDS = 4;
    public static final int BUSY = 8;
    public static final int RESERVED = 12;
    public static final int DATA = 16;
    public static final int DATA_BYTES = 8192;
    public static final int BYTES = 8208;

    private Batch() {}
  }

  /** {@code struct detail}. */
  public static final class Detail {
    public static final int KIND = 0;
    public static final int ARGUMENT = 1;
    public static final int LENGTH_ARGUMENT = 2;
    public static final int RESERVED = 3;
    public static final int BYTES = 4;

    private Detail() {}
  }

  /** {@code struct path_prefix}. */
  public static final class PathPrefix {
    public static final int VALUE = 0;
    public static final int VALUE_COUNT = 8;
    public static final int VALUE_BYTES = 64;
    public static final int MASK = 64;
    public static final int MASK_COUNT = 8;
    public static final int MASK_BYTES = 64;
    public static final int BYTES = 128;

    private PathPrefix() {}
  }

  /** {@code struct carrier}. */
  public static final class Carrier {
    public static final int TID = 0;
    public static final int RESERVED = 4;
    public static final int CURRENT_ID = 8;
    public static final int BYTES = 16;

    private Carrier() {}
  }

  /** {@code struct filter}. */
  public static final class Filter {
    public static final int TGID = 0;
    public static final int AGENT_TID = 4;
    public static final int WANTED = 8;
    public static final int PERIOD = 12;
    public static final int OPEN_EPOCH = 16;
    public static final int CALL_EPOCH = 20;
    public static final int FILE_OPEN_THRESHOLD = 24;
    public static final int SYSCALL_THRESHOLD = 32;
    public static final int SYSCALLS = 40;
    public static final int SYSCALLS_COUNT = 16;
    public static final int SYSCALLS_BYTES = 128;
    public static final int PREFIX_COUNT = 168;
    public static final int PREFIXES = 176;
    public static final int PREFIXES_COUNT = 8;
    public static final int PREFIXES_BYTES = 1024;
    public static final int BYTES = 1200;

    private Filter() {}
  }

  /** {@code struct counters}. */
  public static final class Counters {
    public static final int SENT = 0;
    public static final int LOST = 8;
    public static final int FILTERED = 16;
    public static final int UNPAIRED = 24;
    public static final int UNTRACKED = 32;
    public static final int COMPAT = 40;
    public static final int BYTES = 48;

    private Counters() {}
  }

  /** {@code struct cpu_counters}. */
  public static final class CpuCounters {
    public static final int OF = 0;
    public static final int OF_COUNT = 4;
    public static final int OF_BYTES = 192;
    public static final int BYTES = 192;

    private CpuCounters() {}
  }

  /** {@code struct statistics_key}. */
  public static final class StatisticsKey {
    public static final int TID = 0;
    public static final int NUMBER = 4;
    public static final int BYTES = 8;

    private StatisticsKey() {}
  }

  /** {@code struct statistics}. */
  public static final class Statistics {
    public static final int COUNT = 0;
    public static final int ERRORS = 8;
    public static final int TOTAL = 16;
    public static final int MAX = 24;
    public static final int MAX_COUNT = 2;
    public static final int MAX_BYTES = 16;
    public static final int PERIOD = 40;
    public static final int RESERVED = 44;
    public static final int HISTOGRAM = 48;
    public static final int HISTOGRAM_COUNT = 40;
    public static final int HISTOGRAM_BYTES = 320;
    public static final int BYTES = 368;

    private Statistics() {}
  }

  /** {@code struct thread_statistics}. */
  public static final class ThreadStatistics {
    public static final int KEY = 0;
    public static final int KEY_BYTES = 8;
    public static final int TAKEN = 0;
    public static final int OF_CALLS = 8;
    public static final int OF_CALLS_BYTES = 368;
    public static final int BYTES = 376;

    private ThreadStatistics() {}
  }
}
