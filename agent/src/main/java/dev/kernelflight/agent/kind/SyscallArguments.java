package dev.kernelflight.agent.kind;

import dev.kernelflight.bpf.ArgumentDetail;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Resource;
import dev.kernelflight.bpf.abi.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of common system calls as text, after the templates of {@code
 * syscall-arguments.txt}, which also say what the kernel is to send of what an argument points to.
 * One thread at a time.
 */
public final class SyscallArguments {
  private static final String TEMPLATES = "syscall-arguments.txt";
  private static final int AT_FDCWD = -100;
  private static final int PATH_SLOTS = 1024;

  /** Without the NUL. */
  private static final int MOST_PATH_BYTES = Wire.SyscallEvent.DETAIL_BYTES - 1;

  /**
   * Looking up what a descriptor is of costs microseconds: only a call that took longer gets it.
   */
  private static final long WORTH_A_LOOK_NANOS = 1_000_000;

  /** Takes what the kernel is to send of a system call's arguments. */
  @FunctionalInterface
  public interface DetailHandler<E extends Exception> {
    /** Of one system call, by its number. */
    void onDetail(int syscall, ArgumentDetail detail) throws E;
  }

  /** A piece of a template: a literal text, or the kind of an argument. */
  private record Piece(String text, int argument, int lengthArgument) {
    boolean isLiteral() {
      return argument < 0;
    }
  }

  private final KernelNames names;
  private final Map<Integer, List<Piece>> templates = new HashMap<>();
  private final TextCache paths = new TextCache(PATH_SLOTS);
  private final StringBuilder text = new StringBuilder();

  /** Reads the templates. */
  public SyscallArguments(KernelNames names) {
    this.names = names;
    for (String line : Resource.lines(SyscallArguments.class, TEMPLATES)) {
      int space = line.indexOf(' ');
      if (names.hasSyscall(line.substring(0, space))) {
        templates.put(
            names.syscallNumber(line.substring(0, space)), parse(line.substring(space + 1)));
      }
    }
  }

  private static List<Piece> parse(String template) {
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    while (at < template.length()) {
      int open = template.indexOf('{', at);
      if (open < 0) {
        pieces.add(new Piece(template.substring(at), -1, -1));
        break;
      }
      if (open > at) {
        pieces.add(new Piece(template.substring(at, open), -1, -1));
      }
      int close = template.indexOf('}', open);
      String[] fields = template.substring(open + 1, close).split(":", -1);
      pieces.add(
          new Piece(
              fields[0],
              Integer.parseInt(fields[1]) - 1,
              fields.length > 2 ? Integer.parseInt(fields[2]) - 1 : 0));
      at = close + 1;
    }
    return pieces;
  }

  /** Hands out what the kernel is to send. */
  public <E extends Exception> void details(DetailHandler<E> handler) throws E {
    for (Map.Entry<Integer, List<Piece>> template : templates.entrySet()) {
      for (Piece piece : template.getValue()) {
        ArgumentDetail.Kind kind =
            piece.isLiteral() ? ArgumentDetail.Kind.NONE : detailKind(piece.text);
        if (kind != ArgumentDetail.Kind.NONE) {
          handler.onDetail(
              template.getKey(), new ArgumentDetail(kind, piece.argument, piece.lengthArgument));
        }
      }
    }
  }

  private static ArgumentDetail.Kind detailKind(String argumentKind) {
    return switch (argumentKind) {
      case "path" -> ArgumentDetail.Kind.PATH;
      case "socket" -> ArgumentDetail.Kind.BYTES;
      case "socketref" -> ArgumentDetail.Kind.BYTES_BY_REFERENCE;
      default -> ArgumentDetail.Kind.NONE;
    };
  }

  /** The text of a record's arguments, or null for a call without a template. */
  public @Nullable String text(SyscallRecord record) {
    List<Piece> template = templates.get(record.number());
    if (template == null) {
      return null;
    }
    text.setLength(0);
    for (Piece piece : template) {
      if (piece.isLiteral()) {
        text.append(piece.text);
      } else {
        append(piece.text, record.argument(piece.argument), record);
      }
    }
    return text.toString();
  }

  private void append(String kind, long value, SyscallRecord record) {
    switch (kind) {
      case "fd" -> appendDescriptor((int) value, record);
      case "dir" -> appendDirectory((int) value, record);
      case "path" -> appendPath(record);
      case "socket" -> appendSocketAddress(record);
      case "socketref" -> {
        // a call that failed has left there what was there before
        if (record.result() >= 0) {
          appendSocketAddress(record);
        }
      }
      case "flags" -> text.append(names.openFlags(value & 0xffffffffL));
      case "signal" -> text.append(names.signal((int) value));
      case "futex" -> text.append(names.futexOperation((int) value));
      case "dec" -> text.append(isInt(value) ? (int) value : value);
      case "hex" -> text.append("0x").append(Long.toHexString(value));
      default -> throw new IllegalStateException(TEMPLATES + " has a kind {" + kind + "}");
    }
  }

  /** An int argument leaves the upper half of its register undefined, zero as a rule. */
  private static boolean isInt(long value) {
    return value >>> 32 == 0 || value >> 31 == -1;
  }

  private void appendDescriptor(int descriptor, SyscallRecord record) {
    text.append(descriptor);
    if (descriptor >= 0 && record.end() - record.start() >= WORTH_A_LOOK_NANOS) {
      try {
        Path target =
            Files.readSymbolicLink(Path.of("/proc/" + record.pid() + "/fd/" + descriptor));
        text.append('(').append(target).append(')');
      } catch (IOException | RuntimeException e) {
        // closed meanwhile
      }
    }
  }

  private void appendDirectory(int descriptor, SyscallRecord record) {
    if (descriptor != AT_FDCWD) {
      text.append("directory=");
      appendDescriptor(descriptor, record);
      text.append(' ');
    }
  }

  private void appendPath(SyscallRecord record) {
    if (record.detailLength() < 0) {
      text.append("<unreadable: ").append(names.errno(-record.detailLength())).append('>');
    } else {
      text.append(paths.text(record.memory(), record.detailOffset(), record.detailLength()));
      // a path of exactly that length cannot be told from a longer one
      text.append(record.detailLength() == MOST_PATH_BYTES ? "…" : "");
    }
  }

  private void appendSocketAddress(SyscallRecord record) {
    if (record.detailLength() < 0) {
      text.append(" <unreadable: ").append(names.errno(-record.detailLength())).append('>');
    } else if (record.detailLength() > 0) {
      text.append(' ');
      text.append(
          SocketAddressText.of(record.memory(), record.detailOffset(), record.detailLength()));
    }
  }
}
