package dev.kernelflight.bpf.sys;

import dev.kernelflight.bpf.abi.KernelNames;

/** A system call that the kernel refused: which, and with which errno. */
public class KernelException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int errno;

  /**
   * @param call what was called, in words that stand in a message, such as {@code
   *     bpf(BPF_MAP_CREATE events)}
   * @param errno the positive errno
   */
  public KernelException(String call, int errno) {
    this.call = call;
    this.errno = errno;
  }

  /** What was called. */
  public String call() {
    return call;
  }

  /** The positive errno. */
  public int errno() {
    return errno;
  }

  /** Whether the kernel refused for want of privileges (EPERM or EACCES). */
  public boolean isPermission() {
    return errno == Errno.EPERM || errno == Errno.EACCES;
  }

  /** Whether what was to be made is there already (EEXIST). */
  public boolean isExisting() {
    return errno == Errno.EEXIST;
  }

  /** Whether a name is that of a link, and links are not followed (ELOOP). */
  public boolean isLink() {
    return errno == Errno.ELOOP;
  }

  /**
   * Whether the kernel refused for want of memory: none left (ENOMEM), or more than the process may
   * lock (EPERM, and EAGAIN from perf events).
   */
  public boolean isOutOfMemory() {
    return errno == Errno.ENOMEM || errno == Errno.EPERM || errno == Errno.EAGAIN;
  }

  @Override
  public String getMessage() {
    return call + ": " + describe(errno);
  }

  private static String describe(int errno) {
    return KernelNames.ofThisMachine().errno(errno) + " (" + Errno.meaning(errno) + ")";
  }
}
