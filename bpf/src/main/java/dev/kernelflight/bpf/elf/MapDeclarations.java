package dev.kernelflight.bpf.elf;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Maps as C declares them with libbpf's macros: variables of section {@code .maps}, whose struct
 * type carries numbers as array lengths ({@code __uint}) and types as pointers ({@code __type}).
 */
final class MapDeclarations {
  private MapDeclarations() {}

  static List<MapSpec> read(Btf btf) throws MalformedObjectException {
    List<MapSpec> maps = new ArrayList<>();
    OptionalInt section = btf.find(Btf.KIND_DATASEC, ".maps");
    if (section.isEmpty()) {
      return maps;
    }
    for (Btf.Member variable : btf.members(section.getAsInt())) {
      maps.add(readMap(btf, variable));
    }
    return maps;
  }

  private static MapSpec readMap(Btf btf, Btf.Member variable) throws MalformedObjectException {
    int type = 0;
    int keyBytes = 0;
    int valueBytes = 0;
    int maxEntries = 0;
    int flags = 0;
    for (Btf.Member member : btf.members(variable.typeId())) {
      int declared = btf.target(member.typeId());
      switch (member.name()) {
        case "type" -> type = btf.arrayLength(declared);
        case "max_entries" -> maxEntries = btf.arrayLength(declared);
        case "map_flags" -> flags = btf.arrayLength(declared);
        case "key_size" -> keyBytes = btf.arrayLength(declared);
        case "value_size" -> valueBytes = btf.arrayLength(declared);
        case "key" -> keyBytes = btf.size(declared);
        case "value" -> valueBytes = btf.size(declared);
        default ->
            throw new MalformedObjectException(
                "map " + variable.name() + " declares " + member.name() + ", which is unknown");
      }
    }
    return new MapSpec(variable.name(), type, keyBytes, valueBytes, maxEntries, flags);
  }
}
