package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.attach.Hook;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpenHooks;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.bpf.source.Syscalls;
import dev.kernelflight.bpf.sys.CompatCalls;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Calls of the 32-bit kind have numbers and registers of their own: taken for 64-bit ones, another
 * call is an open. They are seen right, or left out and counted.
 */
@KernelTest
@Tag("hooks")
class CompatTest {
  /**
   * Calls that a program of 32 bits makes five times each: open and openat of a path that is not
   * there, and one that has the number of the 64-bit openat.
   */
  private static final int ROUNDS = 5;

  private static final String PATH = "/compat";
  private static final int ENOENT = 2;

  /** The numbers of such calls on x86. */
  private static final int COMPAT_OPEN = 5;

  private static final int COMPAT_REMAP_FILE_PAGES = 257;
  private static final int COMPAT_GETPPID = 64;

  /** i386: mov esi, 5; 1: open; openat; remap_file_pages; dec esi; jnz 1b; exit. */
  private static final String X86_CODE =
      "be05000000b805000000bb9900010031c931d2cd80b827010000bb9cffffffb99900010031d25631f6cd805e"
          + "b80101000031db31c931d2cd804e75c9b80100000031dbcd80";

  /** ARM: the same with the call number 56, which no program of 32 bits has. */
  private static final String ARM_CODE =
      "0580a0e30570a0e348008fe20010a0e30020a0e3000000ef427100e36300e0e330108fe20020a0e30030a0e3"
          + "000000ef3870a0e30000a0e30010a0e30020a0e3000000ef018058e2edffff1a0170a0e30000a0e3000000ef";

  private static final int BASE = 0x10000;
  private static final int HEADERS = 0x54;

  @TempDir Path directory;

  /** A static executable of 32 bits: Elf32_Ehdr, one Elf32_Phdr, the code, the path. */
  private Path program() throws IOException {
    boolean arm = Architecture.current() == Architecture.AARCH64;
    byte[] code = HexFormat.of().parseHex(arm ? ARM_CODE : X86_CODE);
    byte[] path = (PATH + '\0').getBytes(StandardCharsets.US_ASCII);
    int size = HEADERS + code.length + path.length;
    ByteBuffer elf = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    elf.putInt(0x464c457f).put(new byte[] {1, 1, 1}).position(16);
    elf.putShort((short) 2).putShort((short) (arm ? 40 : 3)).putInt(1).putInt(BASE + HEADERS);
    elf.putInt(52).putInt(0).putInt(arm ? 0x05000000 : 0);
    elf.putShort((short) 52).putShort((short) 32).putShort((short) 1).position(52);
    elf.putInt(1).putInt(0).putInt(BASE).putInt(BASE).putInt(size).putInt(size).putInt(7);
    elf.putInt(0x1000);
    elf.put(code).put(path);
    Path file = Files.write(directory.resolve("program32"), elf.array());
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  private static boolean runs(Path program) throws Exception {
    try {
      return new ProcessBuilder(program.toString()).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private void assumeCompat() throws Exception {
    assumeThat(runs(program())).as("the kernel runs programs of 32 bits").isTrue();
  }

  private static List<OpenRecord> badOpens(TracedProcess traced) throws Exception {
    int tid = traced.onOpener(CurrentProcess::threadId);
    return traced.drained(open -> open.tid() == tid && open.pathLength() < 0);
  }

  static List<Options> setups() throws Exception {
    return SessionTest.setups().stream().filter(setup -> setup.buffer() == Buffer.PERF).toList();
  }

  private static void makeCalls(TracedProcess traced, CompatCalls compat) throws Exception {
    traced.onOpener(() -> {
      for (int i = 0; i < ROUNDS; i++) {
        assertThat(compat.call(COMPAT_OPEN, compat.path(), 0, 0)).isEqualTo(-ENOENT);
        assertThat(compat.call(COMPAT_REMAP_FILE_PAGES, 0, 0, 0)).isNegative();
        assertThat(compat.call(COMPAT_GETPPID, 0, 0, 0)).isPositive();
      }
      return null;
    });
  }

  private CompatCalls assumeInt80() throws Exception {
    assumeThat(Architecture.current()).isEqualTo(Architecture.X86_64);
    assumeCompat();
    return new CompatCalls(PATH);
  }

  /** A 64-bit process can make them, too, by int 0x80, and keeps its code segment. */
  @ParameterizedTest
  @MethodSource("setups")
  void opensOfA64BitProcess(Options options) throws Exception {
    CompatCalls compat = assumeInt80();
    try (TracedProcess traced = new TracedProcess(options)) {
      makeCalls(traced, compat);
      assertThat(badOpens(traced)).isEmpty();
      if (options.attach().equals(Optional.of(HookKind.TRACEPOINT))) {
        assertThat(traced.opensOf(PATH)).isEmpty();
        assertThat(traced.total(Counters::compat)).isEqualTo(ROUNDS);
      } else {
        assertThat(traced.opensOf(PATH))
            .hasSize(ROUNDS)
            .allSatisfy(open -> {
              assertThat(open.result()).isEqualTo(-ENOENT);
              assertThat(open.flags()).isZero();
            });
        assertThat(traced.total(Counters::compat)).isZero();
      }
    }
  }

  /** The functions that 64-bit calls enter by see no others. */
  @Test
  void opensAtTheEntryFunctions() throws Exception {
    CompatCalls compat = assumeInt80();
    assumeThat(Path.of("/sys/bus/event_source/devices/kprobe/type")).exists();
    List<Hook> hooks = FileOpenHooks.inOrder(Architecture.current(), KernelNames.ofThisMachine());
    Options options = new Options(Optional.of(HookKind.KPROBE), Buffer.PERF, 64);
    try (TracedProcess traced = new TracedProcess(options, List.of(hooks.get(2)))) {
      makeCalls(traced, compat);
      assertThat(badOpens(traced)).isEmpty();
      assertThat(traced.opensOf(PATH)).isEmpty();
      assertThat(traced.total(Counters::compat)).isEqualTo(ROUNDS);
    }
  }

  @Test
  void systemCallsAndStatistics() throws Exception {
    CompatCalls compat = assumeInt80();
    Options options = new Options(Optional.of(HookKind.TRACEPOINT), Buffer.PERF, 64);
    try (TracedProcess traced = new TracedProcess(options)) {
      traced.session.follow(
          Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL)
              .and(Syscalls.SOURCE, Syscalls.Wanted.ofAny(0, false))
              .and(SyscallStatistics.SOURCE, new SyscallStatistics.Wanted(true)));
      makeCalls(traced, compat);
      // the 64-bit calls that have the numbers of open, remap_file_pages and getppid
      for (String call : List.of("fstat", "openat", "semget")) {
        assertThat(traced.calls(call)).as(call).isEmpty();
      }
      int tid = traced.onOpener(CurrentProcess::threadId);
      List<Integer> counted = new ArrayList<>();
      traced.session.readStatistics(sum -> {
        if (sum.tid == tid) {
          counted.add(sum.number);
        }
        return true;
      });
      assertThat(counted)
          .isNotEmpty()
          .doesNotContain(COMPAT_OPEN, COMPAT_REMAP_FILE_PAGES, COMPAT_GETPPID);
      assertThat(badOpens(traced)).isEmpty();
      assertThat(traced.total(Counters::compat)).isEqualTo(3 * ROUNDS);
    }
  }

  @ParameterizedTest
  @MethodSource("setups")
  void opensOfA32BitProcess(Options options) throws Exception {
    Path program = program();
    assumeCompat();
    List<OpenRecord> opens = new ArrayList<>();
    try (Epoll epoll = new Epoll();
        Session session =
            LocalSession.open(options, new LocalSession.Scope.AllProcesses(), epoll)) {
      session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
      assertThat(runs(program)).isTrue();
      session.drain((memory, offset, length) -> {
        OpenRecord open = OpenRecord.read(memory, offset, length);
        if (open.comm().equals(program.getFileName().toString())) {
          opens.add(open);
        }
      });
      long left = Arrays.stream(session.counters()).mapToLong(Counters::compat).sum();
      if (options.attach().equals(Optional.of(HookKind.TRACEPOINT))) {
        assertThat(opens).isEmpty();
        assertThat(left).isEqualTo(2 * ROUNDS);
      } else {
        assertThat(opens)
            .hasSize(2 * ROUNDS)
            .allSatisfy(open -> {
              assertThat(open.path()).isEqualTo(PATH);
              assertThat(open.result()).isEqualTo(-ENOENT);
            });
        assertThat(left).isZero();
      }
    }
  }
}
