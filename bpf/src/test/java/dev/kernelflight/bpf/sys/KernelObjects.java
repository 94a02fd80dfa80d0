package dev.kernelflight.bpf.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What this process holds in the kernel. */
public final class KernelObjects {
  private static final Path SELF = Path.of("/proc/self");
  private static final int ATTR_BYTES = 120;
  private static final int MAP_INFO_BYTES = 80;
  private static final int OBJ_GET_INFO_BY_FD = 15;
  private static final int ENOENT = 2;
  private static final int E2BIG = 7;

  private KernelObjects() {}

  /** A kind of BPF object, the line of fdinfo that holds its id, and bpf(2)'s way to find it. */
  public enum Kind {
    PROGRAM("prog_id:", 13),
    MAP("map_id:", 14),
    LINK("link_id:", 30);

    private final String field;
    private final int getFdById;

    Kind(String field, int getFdById) {
      this.field = field;
      this.getFdById = getFdById;
    }
  }

  /** A BPF object by the id that the whole machine knows it by. */
  public record Id(Kind kind, int number) implements Comparable<Id> {
    @Override
    public int compareTo(Id other) {
      return kind == other.kind
          ? Integer.compare(number, other.number)
          : kind.compareTo(other.kind);
    }

    /** Whether it is still in the kernel, whoever holds it. */
    public boolean exists() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
        attr.set(ValueLayout.JAVA_INT, 0, number);
        long fd = Native.call(Native.BPF, kind.getFdById, attr.address(), attr.byteSize());
        if (fd >= 0) {
          Native.call(Native.CLOSE, fd, 0, 0);
        } else if (fd != -ENOENT) {
          throw new IllegalStateException("cannot ask for " + this + ": errno " + -fd);
        }
        return fd >= 0;
      }
    }
  }

  /** A map, opened as any other process would open it. */
  public record OpenMap(Fd fd, String name, int keyBytes, int valueBytes) implements AutoCloseable {
    /** How many entries it has now. */
    public int entries() throws KernelException {
      int entries = 0;
      byte[] key = Bpf.nextKey(name, fd, null, keyBytes);
      for (; key != null; key = Bpf.nextKey(name, fd, key, keyBytes)) {
        entries++;
      }
      return entries;
    }

    /** How many entries of numbers have a number as their value; others come and go meanwhile. */
    public int entriesOf(int value) throws KernelException {
      int entries = 0;
      byte[] key = Bpf.nextKey(name, fd, null, keyBytes);
      for (; key != null; key = Bpf.nextKey(name, fd, key, keyBytes)) {
        try {
          int number = ByteBuffer.wrap(key).order(ByteOrder.nativeOrder()).getInt();
          entries += get(number).get(ValueLayout.JAVA_INT, 0) == value ? 1 : 0;
        } catch (KernelException e) {
          if (e.errno() != ENOENT) {
            throw e;
          }
        }
      }
      return entries;
    }

    /** Adds entries of zeros, with keys that count down from -1, until the map is full. */
    public void fill() throws KernelException {
      ByteBuffer key = ByteBuffer.allocate(keyBytes).order(ByteOrder.nativeOrder());
      try {
        for (int i = -1; ; i--) {
          Bpf.updateElement(name, fd, key.putInt(0, i).array(), new byte[valueBytes]);
        }
      } catch (KernelException e) {
        if (e.errno() != E2BIG) {
          throw e;
        }
      }
    }

    /** The value of a number. */
    public MemorySegment get(int key) throws KernelException {
      MemorySegment value = Arena.ofAuto().allocate(valueBytes, 8);
      Bpf.lookupElement(name, fd, bytes(key), value);
      return value;
    }

    /** Sets the value of a number. */
    public void put(int key, MemorySegment value) throws KernelException {
      Bpf.updateElement(name, fd, bytes(key), value.toArray(JAVA_BYTE));
    }

    private static byte[] bytes(int key) {
      return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(key).array();
    }

    /** Removes every entry. */
    public void clear() throws KernelException {
      byte[] key = Bpf.nextKey(name, fd, null, keyBytes);
      while (key != null) {
        Bpf.deleteElement(name, fd, key);
        key = Bpf.nextKey(name, fd, null, keyBytes);
      }
    }

    @Override
    public void close() {
      fd.close();
    }
  }

  /** The map of that name that this process holds. */
  public static OpenMap map(String name) throws IOException, KernelException {
    for (Id id : held()) {
      if (id.kind == Kind.MAP) {
        OpenMap map = open(id);
        if (map.name.equals(name)) {
          return map;
        }
        map.close();
      }
    }
    throw new IllegalArgumentException("no map " + name);
  }

  private static OpenMap open(Id id) throws KernelException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_BYTES, 8);
      attr.set(ValueLayout.JAVA_INT, 0, id.number);
      Fd fd =
          new Fd(
              Native.check(
                  "bpf(BPF_MAP_GET_FD_BY_ID)",
                  Native.call(Native.BPF, id.kind.getFdById, attr.address(), attr.byteSize())));
      // struct bpf_map_info
      MemorySegment info = arena.allocate(MAP_INFO_BYTES, 8);
      MemorySegment query = arena.allocate(ATTR_BYTES, 8);
      query.set(ValueLayout.JAVA_INT, 0, fd.number());
      query.set(ValueLayout.JAVA_INT, 4, MAP_INFO_BYTES);
      query.set(ValueLayout.JAVA_LONG, 8, info.address());
      Native.check(
          "bpf(BPF_OBJ_GET_INFO_BY_FD)",
          Native.call(Native.BPF, OBJ_GET_INFO_BY_FD, query.address(), query.byteSize()));
      return new OpenMap(
          fd,
          new String(info.asSlice(24, 16).toArray(JAVA_BYTE), US_ASCII).split("\0", 2)[0],
          info.get(ValueLayout.JAVA_INT, 8),
          info.get(ValueLayout.JAVA_INT, 12));
    }
  }

  /** The BPF objects that this process has descriptors of. */
  public static Set<Id> held() throws IOException {
    Set<Id> ids = new TreeSet<>();
    try (Stream<Path> descriptors = Files.list(SELF.resolve("fdinfo"))) {
      for (Path descriptor : descriptors.toList()) {
        for (String line : linesIfOpen(descriptor)) {
          for (Kind kind : Kind.values()) {
            if (line.startsWith(kind.field)) {
              ids.add(new Id(kind, Integer.parseInt(line.substring(kind.field.length()).strip())));
            }
          }
        }
      }
    }
    return ids;
  }

  private static List<String> linesIfOpen(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  /**
   * Descriptors and mappings of what has no name in a file system: BPF objects, perf events, epoll,
   * event descriptors. Those of files are left out: the JVM opens and closes some at any time.
   */
  public static List<String> anonymous() throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(SELF.resolve("fd"))) {
      descriptors
          .map(KernelObjects::target)
          .filter(t -> t.contains("anon_inode:"))
          .forEach(found::add);
    }
    try (Stream<String> mappings = Files.lines(SELF.resolve("maps"))) {
      mappings
          .filter(line -> line.contains("anon_inode:"))
          .map(line -> "mapping of " + line.substring(line.indexOf("anon_inode:")))
          .forEach(found::add);
    }
    found.sort(String::compareTo);
    return found;
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
