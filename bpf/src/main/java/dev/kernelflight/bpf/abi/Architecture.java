package dev.kernelflight.bpf.abi;

import java.util.Locale;

/** The processor architectures that BPF objects and kernel numbers are built for. */
public enum Architecture {
  X86_64("x86_64", "__x64_"),
  AARCH64("aarch64", "__arm64_");

  private final String kernelName;
  private final String syscallPrefix;

  Architecture(String kernelName, String syscallPrefix) {
    this.kernelName = kernelName;
    this.syscallPrefix = syscallPrefix;
  }

  /**
   * The architecture of this JVM.
   *
   * @throws UnsupportedOperationException naming this system, where it is not Linux on one of these
   */
  public static Architecture current() {
    String system = System.getProperty("os.name", "unknown");
    String processor = System.getProperty("os.arch", "unknown").toLowerCase(Locale.ROOT);
    if (system.equals("Linux")) {
      if (processor.equals("amd64") || processor.equals("x86_64")) {
        return X86_64;
      }
      if (processor.equals("aarch64") || processor.equals("arm64")) {
        return AARCH64;
      }
    }
    throw new UnsupportedOperationException(
        "eBPF needs Linux on x86_64 or aarch64, and this is " + system + " on " + processor);
  }

  /** As {@code uname -m} prints it, and as the object files are named. */
  public String kernelName() {
    return kernelName;
  }

  /** The kernel function that a system call enters by, such as {@code __x64_sys_openat}. */
  public String syscallFunction(String syscall) {
    return syscallPrefix + "sys_" + syscall;
  }
}
