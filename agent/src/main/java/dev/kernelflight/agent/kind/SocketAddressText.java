package dev.kernelflight.agent.kind;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

/** A {@code struct sockaddr} as text; layouts are those of the UAPI headers of each family. */
final class SocketAddressText {
  private static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int AF_NETLINK = 16;

  private SocketAddressText() {}

  static String of(MemorySegment memory, long at, int length) {
    if (length < Short.BYTES) {
      return "";
    }
    int family = Short.toUnsignedInt(memory.get(JAVA_SHORT_UNALIGNED, at));
    return switch (family) {
      case AF_INET -> length < 8 ? "inet" : address(memory, at + 4, 4) + ":" + port(memory, at);
      case AF_INET6 ->
          length < 24 ? "inet6" : "[" + address6(memory, at + 8) + "]:" + port(memory, at);
      case AF_UNIX -> "unix:" + unixPath(memory, at + 2, length - 2);
      case AF_NETLINK -> "netlink";
      default -> "family " + family;
    };
  }

  /** In network byte order. */
  private static int port(MemorySegment memory, long at) {
    return Byte.toUnsignedInt(memory.get(JAVA_BYTE, at + 2)) << 8
        | Byte.toUnsignedInt(memory.get(JAVA_BYTE, at + 3));
  }

  private static String address(MemorySegment memory, long at, int bytes) {
    try {
      return InetAddress.getByAddress(memory.asSlice(at, bytes).toArray(JAVA_BYTE))
          .getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 or 16 bytes are an address", e);
    }
  }

  /** As RFC 5952 has it: the longest run of zeros is left out. */
  private static String address6(MemorySegment memory, long at) {
    int[] groups = new int[8];
    int longest = -1;
    int zeros = 1; // a single one is not left out
    int run = 0;
    boolean mapped = true;
    for (int i = 0; i < groups.length; i++) {
      groups[i] =
          Byte.toUnsignedInt(memory.get(JAVA_BYTE, at + 2L * i)) << 8
              | Byte.toUnsignedInt(memory.get(JAVA_BYTE, at + 2L * i + 1));
      run = groups[i] == 0 ? run + 1 : 0;
      if (run > zeros) {
        zeros = run;
        longest = i - run + 1;
      }
      mapped &= i > 5 || groups[i] == (i == 5 ? 0xffff : 0);
    }
    if (mapped) {
      return "::ffff:" + address(memory, at + 12, 4);
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < groups.length; i++) {
      if (i == longest) {
        text.append("::");
        i += zeros - 1;
      } else {
        boolean first = text.isEmpty() || text.charAt(text.length() - 1) == ':';
        text.append(first ? "" : ":").append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  /** Up to a NUL; an abstract name begins with one, shown as @. */
  private static String unixPath(MemorySegment memory, long at, int bytes) {
    byte[] path = memory.asSlice(at, bytes).toArray(JAVA_BYTE);
    boolean isAbstract = path.length > 1 && path[0] == 0;
    int end = isAbstract ? 1 : 0;
    while (end < path.length && path[end] != 0) {
      end++;
    }
    String text =
        new String(path, isAbstract ? 1 : 0, end - (isAbstract ? 1 : 0), StandardCharsets.UTF_8);
    return isAbstract ? "@" + text : text;
  }
}
