package dev.kernelflight.bpf.sys;

/** The errnos that code here decides upon (the same on every Linux architecture), in words. */
final class Errno {
  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int ENXIO = 6;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EBUSY = 16;
  static final int EEXIST = 17;
  static final int ENODEV = 19;
  static final int ENOTDIR = 20;
  static final int EINVAL = 22;
  static final int ENOSPC = 28;
  static final int EROFS = 30;
  static final int ENOSYS = 38;
  static final int ELOOP = 40;
  static final int EOPNOTSUPP = 95;
  static final int ENOTSUPP = 524;

  private Errno() {}

  static String meaning(int errno) {
    return switch (errno) {
      case EPERM -> "operation not permitted";
      case ENOENT -> "no such file, function or object";
      case ENOMEM -> "out of memory, or over the locked-memory limit";
      case EACCES -> "permission denied";
      case EBUSY -> "in use";
      case EEXIST -> "exists";
      case ENODEV -> "no such device or CPU";
      case ENOTDIR -> "no directory";
      case EINVAL -> "invalid argument, or not supported by this kernel";
      case ENOSPC -> "no space";
      case EROFS -> "read-only file system";
      case ENOSYS -> "not implemented by this kernel, or blocked by a seccomp filter";
      case ELOOP -> "a link where none is followed";
      case EOPNOTSUPP, ENOTSUPP -> "not supported by this kernel";
      default -> "errno " + errno;
    };
  }
}
