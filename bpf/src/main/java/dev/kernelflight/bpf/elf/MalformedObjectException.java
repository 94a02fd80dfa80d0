package dev.kernelflight.bpf.elf;

/** Bytes that are not the BPF object or the BTF that they should be. */
public class MalformedObjectException extends Exception {
  private static final long serialVersionUID = 1L;

  MalformedObjectException(String message) {
    super(message);
  }

  MalformedObjectException(String message, Throwable cause) {
    super(message, cause);
  }
}
