package dev.kernelflight.bpf;

import dev.kernelflight.bpf.abi.Wire;

/**
 * What of a system call's arguments is sent besides their numbers: {@code struct detail} of {@code
 * event.h}.
 *
 * @param argument index of the pointer, from 0
 * @param lengthArgument index of the length, or of the pointer to the length, where the kind has
 *     one
 */
public record ArgumentDetail(Kind kind, int argument, int lengthArgument) {
  /** {@code enum detail_kind}. */
  public enum Kind {
    /** Nothing. */
    NONE(Wire.DetailKind.DETAIL_NONE),
    /** The string that an argument points to. */
    PATH(Wire.DetailKind.DETAIL_PATH),
    /** The bytes that an argument points to, as many as another one says. */
    BYTES(Wire.DetailKind.DETAIL_BYTES),
    /** The bytes that an argument points to, as many as another one points to. */
    BYTES_BY_REFERENCE(Wire.DetailKind.DETAIL_BYTES_BY_REFERENCE);

    private final int wire;

    Kind(int wire) {
      this.wire = wire;
    }
  }

  byte[] bytes() {
    byte[] bytes = new byte[Wire.Detail.BYTES];
    bytes[Wire.Detail.KIND] = (byte) kind.wire;
    bytes[Wire.Detail.ARGUMENT] = (byte) argument;
    bytes[Wire.Detail.LENGTH_ARGUMENT] = (byte) lengthArgument;
    return bytes;
  }
}
