package dev.kernelflight.bpf.program;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.kernelflight.bpf.elf.BpfObject;
import dev.kernelflight.bpf.elf.BpfObject.Variable;
import dev.kernelflight.bpf.elf.BpfObject.VariableSection;
import dev.kernelflight.bpf.elf.MapSpec;
import dev.kernelflight.bpf.elf.ProgramSpec;
import dev.kernelflight.bpf.sys.Bpf;
import dev.kernelflight.bpf.sys.Bpf.ProgramType;
import dev.kernelflight.bpf.sys.Fd;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An object file whose maps exist in the kernel and whose programs can be loaded one by one, since
 * which of them a kernel accepts is only known by trying. Owns all of it; not thread-safe.
 */
public final class LoadedObject implements AutoCloseable {
  private static final String READ_ONLY = ".rodata";
  private static final String WRITABLE = ".bss";

  private static final int FIRST_LOG_BYTES = 1 << 20;
  private static final int LAST_LOG_BYTES = 1 << 24;

  private final BpfObject object;
  private final Map<String, BpfMap> maps = new LinkedHashMap<>();
  private final List<AutoCloseable> owned = new ArrayList<>();
  private MemorySegment variables = MemorySegment.NULL;

  private LoadedObject(BpfObject object) {
    this.object = object;
  }

  /**
   * Creates the object's maps.
   *
   * @param constants values of {@code const volatile} variables, by name, which the verifier takes
   *     for granted: branches that they rule out are not even checked
   * @param overrides maps to be created otherwise than the object declares them, by name
   */
  public static LoadedObject create(
      BpfObject object, Map<String, Long> constants, Map<String, MapSpec> overrides)
      throws KernelException {
    LoadedObject loaded = new LoadedObject(object);
    try {
      for (MapSpec declared : object.maps().values()) {
        loaded.createMap(overrides.getOrDefault(declared.name(), declared));
      }
      loaded.createConstants(constants);
      loaded.createVariables();
      return loaded;
    } catch (Throwable e) {
      loaded.close();
      throw e;
    }
  }

  private BpfMap createMap(MapSpec spec) throws KernelException {
    Fd fd =
        Bpf.createMap(
            spec.name(),
            spec.type(),
            spec.keyBytes(),
            spec.valueBytes(),
            spec.maxEntries(),
            spec.flags());
    owned.add(fd);
    BpfMap map = new BpfMap(spec, fd);
    maps.put(spec.name(), map);
    return map;
  }

  private void createConstants(Map<String, Long> constants) throws KernelException {
    VariableSection section = object.variables().get(READ_ONLY);
    if (section == null) {
      return;
    }
    ByteBuffer values = ByteBuffer.wrap(section.initial().clone()).order(ByteOrder.nativeOrder());
    constants.forEach((name, value) -> {
      Variable variable = section.variable(name);
      if (variable.size() == Long.BYTES) {
        values.putLong(variable.offset(), value);
      } else {
        values.putInt(variable.offset(), Math.toIntExact(value));
      }
    });
    BpfMap map = createMap(sectionMap(READ_ONLY, section, Bpf.F_RDONLY_PROG));
    Bpf.updateElement(READ_ONLY, map.fd(), new byte[Integer.BYTES], values.array());
    Bpf.freezeMap(READ_ONLY, map.fd());
  }

  private void createVariables() throws KernelException {
    VariableSection section = object.variables().get(WRITABLE);
    if (section == null) {
      return;
    }
    BpfMap map = createMap(sectionMap(WRITABLE, section, Bpf.F_MMAPABLE));
    Mapping mapping =
        Mapping.of(WRITABLE, map.fd(), 0, Mapping.wholePages(section.initial().length), true);
    owned.add(mapping);
    variables = mapping.memory();
  }

  private static MapSpec sectionMap(String name, VariableSection section, int flags) {
    return new MapSpec(name, Bpf.MAP_TYPE_ARRAY, Integer.BYTES, section.initial().length, 1, flags);
  }

  /** The map of that name. */
  public BpfMap map(String name) {
    BpfMap map = maps.get(name);
    if (map == null) {
      throw new IllegalArgumentException("no map " + name + " among " + maps.keySet());
    }
    return map;
  }

  /**
   * All elements of an array that is made to be mapped, one behind the other; valid as long as this
   * object is.
   */
  public MemorySegment memory(String name) throws KernelException {
    BpfMap map = map(name);
    long element = (map.spec().valueBytes() + Long.BYTES - 1L) / Long.BYTES * Long.BYTES;
    long bytes = Mapping.wholePages(element * map.spec().maxEntries());
    Mapping mapping = Mapping.of(name, map.fd(), 0, bytes, false);
    owned.add(mapping);
    return mapping.memory();
  }

  /** A global variable, shared with the programs: what either side writes the other reads. */
  public MemorySegment variable(String name) {
    VariableSection section = object.variables().get(WRITABLE);
    if (section == null) {
      throw new IllegalArgumentException("the object has no variables");
    }
    Variable variable = section.variable(name);
    return variables.asSlice(variable.offset(), variable.size());
  }

  /**
   * Loads a program; the caller owns the descriptor.
   *
   * @param targetBtfId for fentry and fexit programs the vmlinux BTF id of their function, else 0
   * @throws VerifierException with the log, if the verifier refused it
   */
  public Fd load(String program, int targetBtfId) throws KernelException {
    ProgramSpec spec = object.program(program);
    ProgramType type = type(spec);
    byte[] instructions = Relocator.relocate(spec, name -> map(name).fd().number());
    try {
      return Bpf.loadProgram(program, type, instructions, object.license(), targetBtfId, null);
    } catch (KernelException refusal) {
      if (refusal.mayPass()) {
        throw refusal;
      }
      return reload(refusal, program, type, instructions, targetBtfId);
    }
  }

  /**
   * Loads again with a log, since a log costs time on every load and is wanted only now. EACCES is
   * the verifier's answer as well as that of missing privileges: only a log tells them apart.
   */
  private Fd reload(
      KernelException refusal,
      String program,
      ProgramType type,
      byte[] instructions,
      int targetBtfId)
      throws KernelException {
    for (int bytes = FIRST_LOG_BYTES; ; bytes *= 4) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment log = arena.allocate(bytes, 8);
        try {
          return Bpf.loadProgram(program, type, instructions, object.license(), targetBtfId, log);
        } catch (KernelException e) {
          String text = text(log);
          if (text.length() >= bytes - 1 && bytes < LAST_LOG_BYTES) {
            continue;
          }
          throw text.isBlank() ? refusal : new VerifierException(refusal, text);
        }
      }
    }
  }

  private static String text(MemorySegment log) {
    int end = 0;
    while (end < log.byteSize() && log.get(JAVA_BYTE, end) != 0) {
      end++;
    }
    return new String(log.asSlice(0, end).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }

  private static ProgramType type(ProgramSpec program) {
    return switch (program.section().split("/", 2)[0]) {
      case "fentry" -> ProgramType.FENTRY;
      case "fexit" -> ProgramType.FEXIT;
      case "kprobe", "kretprobe" -> ProgramType.KPROBE;
      case "kprobe.multi" -> ProgramType.KPROBE_MULTI;
      case "tracepoint" -> ProgramType.TRACEPOINT;
      case "raw_tp" -> ProgramType.RAW_TRACEPOINT;
      case "perf_event" -> ProgramType.PERF_EVENT;
      default -> throw new IllegalArgumentException("program section of unknown kind: " + program);
    };
  }

  @Override
  public void close() {
    for (int i = owned.size() - 1; i >= 0; i--) {
      try {
        owned.get(i).close();
      } catch (Exception e) {
        throw new IllegalStateException("closing a mapping or a descriptor cannot fail", e);
      }
    }
    owned.clear();
  }
}
