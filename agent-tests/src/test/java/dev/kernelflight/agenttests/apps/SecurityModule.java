package dev.kernelflight.agenttests.apps;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A rule of the kernel's security module "bpf": a hook answers EPERM to user 1000. The rule holds
 * as long as a process has its descriptor.
 */
final class SecurityModule {
  private static final int REFUSED_USER = 1000;
  private static final int PROG_LOAD = 5;
  private static final int RAW_TRACEPOINT_OPEN = 17;
  private static final int PROG_TYPE_LSM = 29;
  private static final int LSM_MAC = 27;
  private static final int GET_CURRENT_UID_GID = 15;
  private static final int DUP = LibC.X86 ? 32 : 23;
  private static final int ATTR_BYTES = 120;
  private static final int INSTRUCTION_BYTES = 8;

  // of the kernel's linux/bpf.h
  private static final int LOAD_CONTEXT = 0x79;
  private static final int MOVE_32 = 0xbc;
  private static final int MOVE_NUMBER = 0xb7;
  private static final int CALL = 0x85;
  private static final int JUMP_IF_NOT_EQUAL = 0x55;
  private static final int EXIT = 0x95;

  /** The argument with the capability's number. */
  private static final int CAPABILITY_OFFSET = 16;

  private SecurityModule() {}

  /**
   * Sets the rule for this process and what it executes.
   *
   * @param what "bpf", "perf_event_open", or the number of a capability
   */
  static void refuse(Arena arena, String what) {
    boolean capability = what.matches("\\d+");
    // capable(cred, namespace, capability, …)
    int number = capability ? Integer.parseInt(what) : 0;
    List<int[]> program =
        List.of(
            new int[] {LOAD_CONTEXT, 0x16, 0, capability ? CAPABILITY_OFFSET : 0},
            new int[] {CALL, 0, 0, GET_CURRENT_UID_GID},
            new int[] {MOVE_32, 0x00, 0, 0},
            new int[] {MOVE_32, 0x66, 0, 0},
            new int[] {JUMP_IF_NOT_EQUAL, 0x00, 3, REFUSED_USER},
            capability
                ? new int[] {JUMP_IF_NOT_EQUAL, 0x06, 2, number}
                : new int[] {MOVE_NUMBER, 0x06, 0, 0},
            new int[] {MOVE_NUMBER, 0x00, 0, -1},
            new int[] {EXIT, 0, 0, 0},
            new int[] {MOVE_NUMBER, 0x00, 0, 0},
            new int[] {EXIT, 0, 0, 0});
    MemorySegment code = arena.allocate((long) INSTRUCTION_BYTES * program.size(), 8);
    for (int i = 0; i < program.size(); i++) {
      int[] instruction = program.get(i);
      long at = (long) INSTRUCTION_BYTES * i;
      boolean load = instruction[0] == LOAD_CONTEXT;
      code.set(JAVA_BYTE, at, (byte) instruction[0]);
      code.set(JAVA_BYTE, at + 1, (byte) instruction[1]);
      code.set(JAVA_SHORT, at + 2, (short) (load ? instruction[3] : instruction[2]));
      code.set(JAVA_INT, at + 4, load ? 0 : instruction[3]);
    }
    MemorySegment load = arena.allocate(ATTR_BYTES, 8);
    load.set(JAVA_INT, 0, PROG_TYPE_LSM);
    load.set(JAVA_INT, 4, program.size());
    load.set(JAVA_LONG, 8, code.address());
    load.set(JAVA_LONG, 16, LibC.string(arena, "GPL").address());
    load.set(JAVA_INT, 68, LSM_MAC);
    load.set(JAVA_INT, 108, function("bpf_lsm_" + (capability ? "capable" : what)));
    long loaded = LibC.call(LibC.BPF, PROG_LOAD, load.address(), ATTR_BYTES);
    LibC.must("bpf(BPF_PROG_LOAD)", loaded);
    MemorySegment attach = arena.allocate(ATTR_BYTES, 8);
    attach.set(JAVA_INT, 8, (int) loaded);
    long link = LibC.call(LibC.BPF, RAW_TRACEPOINT_OPEN, attach.address(), ATTR_BYTES);
    LibC.must("bpf(BPF_RAW_TRACEPOINT_OPEN)", link);
    // a second descriptor that stays open in the program that is executed
    LibC.must("dup", LibC.call(DUP, link));
  }

  /** The id of a function in the kernel's BTF. */
  private static int function(String name) {
    ByteBuffer btf;
    try {
      btf = ByteBuffer.wrap(Files.readAllBytes(Path.of("/sys/kernel/btf/vmlinux")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    btf.order(ByteOrder.nativeOrder());
    int header = btf.getInt(4);
    int types = header + btf.getInt(8);
    int end = types + btf.getInt(12);
    int strings = header + btf.getInt(16);
    int id = 1;
    for (int at = types; at < end; id++) {
      int info = btf.getInt(at + 4);
      int kind = info >>> 24 & 0x1f;
      int members = info & 0xffff;
      if (kind == 12 && name.equals(text(btf, strings + btf.getInt(at)))) {
        return id;
      }
      at +=
          12
              + switch (kind) {
                case 1, 14, 17 -> 4; // int, variable, tag of a declaration
                case 3 -> 12; // array
                case 4, 5, 15, 19 -> 12 * members; // struct, union, section, enum64
                case 6, 13 -> 8 * members; // enum, function's prototype
                default -> 0;
              };
    }
    throw new IllegalStateException("the kernel's BTF has no " + name);
  }

  private static String text(ByteBuffer btf, int at) {
    int length = 0;
    while (btf.get(at + length) != 0) {
      length++;
    }
    byte[] bytes = new byte[length];
    btf.get(at, bytes);
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
