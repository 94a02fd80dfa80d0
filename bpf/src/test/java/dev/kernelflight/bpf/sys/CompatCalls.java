package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/** System calls of the 32-bit kind, made by this 64-bit process: x86_64's int 0x80. */
public final class CompatCalls {
  private static final int PROT_ALL = 7;
  private static final int MAP_PRIVATE_ANONYMOUS_32BIT = 0x62;
  private static final int BYTES = 4096;
  private static final int PATH = 1024;

  /** push rbx; mov eax, edi; mov ebx, esi; xchg ecx, edx; int 0x80; cdqe; pop rbx; ret. */
  private static final byte[] CODE = {
    0x53,
    (byte) 0x89,
    (byte) 0xf8,
    (byte) 0x89,
    (byte) 0xf3,
    (byte) 0x87,
    (byte) 0xd1,
    (byte) 0xcd,
    (byte) 0x80,
    0x48,
    (byte) 0x98,
    0x5b,
    (byte) 0xc3
  };

  private final MemorySegment memory;
  private final MethodHandle call;

  /**
   * Code and a path, both where 32 bits reach. On a kernel without such calls the first one ends
   * the process.
   */
  public CompatCalls(String path) {
    long address = Native.call(Native.MMAP, 0, BYTES, PROT_ALL, MAP_PRIVATE_ANONYMOUS_32BIT, -1, 0);
    memory = MemorySegment.ofAddress(address).reinterpret(BYTES);
    MemorySegment.copy(CODE, 0, memory, JAVA_BYTE, 0, CODE.length);
    byte[] text = path.getBytes(StandardCharsets.UTF_8);
    MemorySegment.copy(text, 0, memory, JAVA_BYTE, PATH, text.length);
    call =
        Linker.nativeLinker()
            .downcallHandle(
                MemorySegment.ofAddress(address),
                FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  }

  /** Makes a call, by its number among those of 32 bits. */
  public long call(int number, int a1, int a2, int a3) {
    try {
      return (long) call.invokeExact(number, a1, a2, a3);
    } catch (Throwable e) {
      throw new AssertionError("a system call itself cannot throw", e);
    }
  }

  /** The address of the path. */
  public int path() {
    return Math.toIntExact(memory.address() + PATH);
  }
}
