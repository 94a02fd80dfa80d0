package dev.kernelflight.bpf.elf;

/**
 * A map as the object file declares it.
 *
 * @param type {@code enum bpf_map_type}
 * @param keyBytes size of a key
 * @param valueBytes size of a value
 * @param maxEntries 0 where the loader decides
 * @param flags {@code BPF_F_*}
 */
public record MapSpec(
    String name, int type, int keyBytes, int valueBytes, int maxEntries, int flags) {
  /** The same with another number of entries. */
  public MapSpec withMaxEntries(int entries) {
    return new MapSpec(name, type, keyBytes, valueBytes, entries, flags);
  }
}
