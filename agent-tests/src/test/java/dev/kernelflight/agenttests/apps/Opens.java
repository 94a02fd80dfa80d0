package dev.kernelflight.agenttests.apps;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Opens files in every way there is, and records each call beside the kernel's own event: its
 * arguments, its result, its thread, and a moment before and after it.
 */
public final class Opens {
  private static final int SHORT_LIVED = 200;
  private static final int AT_ONCE = 10;
  private static final int LONGEST_PATH = 4095;

  // asm-generic/fcntl.h; O_DIRECTORY and O_NOFOLLOW are arm64's own
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_EXCL = 0200;
  private static final int O_TRUNC = 01000;
  private static final int O_APPEND = 02000;
  private static final int O_NONBLOCK = 04000;
  private static final int O_DIRECTORY = LibC.X86 ? 0200000 : 040000;
  private static final int O_NOFOLLOW = LibC.X86 ? 0400000 : 0100000;
  private static final int O_CLOEXEC = 02000000;
  private static final int O_PATH = 010000000;

  private static final Map<Integer, String> ERRNOS =
      Map.of(
          2, "ENOENT",
          14, "EFAULT",
          17, "EEXIST",
          20, "ENOTDIR",
          21, "EISDIR",
          36, "ENAMETOOLONG",
          40, "ELOOP");

  private final Path directory;
  private final String existing;

  private Opens(Path directory) {
    this.directory = directory;
    existing = directory.resolve("existing").toString();
  }

  /** Argument: an empty directory to work in. */
  public static void main(String[] args) throws Exception {
    Opens opens = new Opens(Path.of(args[0]));
    opens.prepare();
    opens.everyKind("main");
    Thread.currentThread().setName("main, renamed");
    opens.everyKind("renamed");
    // a thread that comes and goes in the JVM's first milliseconds may stay unknown, as README
    // says; in an emulated machine they are that many times longer
    Thread.sleep("yes".equals(System.getenv("KERNELFLIGHT_GUEST")) ? 5_000 : 500);
    opens.fromThreads();
    opens.fromShortLivedThreads();
    if (VirtualThreads.TOLD_APART) {
      opens.fromVirtualThread();
    }
    opens.byJava();
    opens.byAnotherProcess();
    byTheVm();
    System.out.println("done");
  }

  private void prepare() throws IOException {
    Files.writeString(Path.of(existing), "content");
    Files.createSymbolicLink(directory.resolve("link"), Path.of("existing"));
    Files.createDirectory(directory.resolve("directory"));
    Files.createDirectory(directory.resolve("listed"));
    // loads every class, so that inside the brackets below nothing else is opened
    try (Arena arena = Arena.ofConfined()) {
      open(arena, "warm-up", directory.resolve("warm-up").toString(), 0, "O_RDONLY", 0);
    }
  }

  private void everyKind(String where) {
    try (Arena arena = Arena.ofConfined()) {
      // texts and no Paths: those a POSIX locale would refuse
      String missing = directory + "/missing \u00e4\u20ac";
      String folder = directory.resolve("directory").toString();
      String link = directory.resolve("link").toString();
      String created = directory + "/created-" + where;
      open(arena, where + ": existing", existing, O_CLOEXEC, "O_RDONLY|O_CLOEXEC", 0);
      open(arena, where + ": missing", missing, O_RDWR, "O_RDWR", 0);
      open(arena, where + ": directory", folder, O_DIRECTORY, "O_RDONLY|O_DIRECTORY", 0);
      open(arena, where + ": writing a directory", folder, O_WRONLY, "O_WRONLY", 0);
      open(arena, where + ": no directory", existing, O_DIRECTORY, "O_RDONLY|O_DIRECTORY", 0);
      open(arena, where + ": link", link, O_NOFOLLOW, "O_RDONLY|O_NOFOLLOW", 0);
      open(
          arena, where + ": path only", link, O_PATH | O_NOFOLLOW, "O_RDONLY|O_NOFOLLOW|O_PATH", 0);
      open(
          arena,
          where + ": new",
          created,
          O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NONBLOCK,
          "O_WRONLY|O_CREAT|O_EXCL|O_APPEND|O_NONBLOCK",
          0640);
      open(
          arena,
          where + ": exists already",
          created,
          O_RDWR | O_CREAT | O_EXCL | O_TRUNC,
          "O_RDWR|O_CREAT|O_EXCL|O_TRUNC",
          0600);
      open(arena, where + ": empty", "", 0, "O_RDONLY", 0);
      open(arena, where + ": newline", directory + "/a\nb\tc", 0, "O_RDONLY", 0);
      String longest = directory + "/.".repeat((LONGEST_PATH - directory.toString().length()) / 2);
      longest += "/".repeat(LONGEST_PATH - longest.length());
      open(arena, where + ": longest path", longest, 0, "O_RDONLY", 0);
      notUtf8(arena, where);
      unreadable(where);
      relative(arena, where, folder);
      openat2(arena, where, link);
      if (LibC.X86) {
        plainOpen(arena, where);
        creat(arena, where);
      }
    }
  }

  private static void notUtf8(Arena arena, String where) {
    byte[] path = "/not/utf-8/??/\u00e4/?".getBytes(StandardCharsets.UTF_8);
    path[11] = (byte) 0xff;
    path[12] = (byte) 0xc3;
    path[path.length - 1] = (byte) 0xe2;
    CallEvent call = call(where + ": not UTF-8", "/not/utf-8/\\xff\\xc3/\u00e4/\\xe2", "O_RDONLY");
    long address = LibC.string(arena, path).address();
    call.begin();
    long result = LibC.call(LibC.OPENAT, LibC.AT_FDCWD, address);
    done(call, result);
  }

  private static void unreadable(String where) {
    CallEvent call = call(where + ": bad address", "<unreadable: EFAULT>", "O_RDONLY");
    call.begin();
    long result = LibC.call(LibC.OPENAT, LibC.AT_FDCWD, 1);
    done(call, result);
  }

  private static void relative(Arena arena, String where, String folder) {
    long directory =
        LibC.call(LibC.OPENAT, LibC.AT_FDCWD, LibC.string(arena, folder).address(), O_DIRECTORY, 0);
    CallEvent call = call(where + ": relative", "../existing", "O_RDONLY");
    call.directoryFd = (int) directory;
    long address = LibC.string(arena, "../existing").address();
    call.begin();
    long result = LibC.call(LibC.OPENAT, directory, address);
    done(call, result);
    LibC.must("close", LibC.call(LibC.CLOSE, directory));
  }

  private void openat2(Arena arena, String where, String link) {
    CallEvent call = call(where + ": openat2", existing, "O_RDWR|O_CLOEXEC");
    long address = LibC.string(arena, existing).address();
    long how = LibC.how(arena, O_RDWR | O_CLOEXEC, 0).address();
    call.begin();
    long result = LibC.call(LibC.OPENAT2, LibC.AT_FDCWD, address, how, 24);
    done(call, result);

    call = call(where + ": openat2, refused", link, "O_RDONLY|O_NOFOLLOW");
    address = LibC.string(arena, link).address();
    how = LibC.how(arena, O_NOFOLLOW, 0).address();
    call.begin();
    result = LibC.call(LibC.OPENAT2, LibC.AT_FDCWD, address, how, 24);
    done(call, result);

    String fresh = directory + "/openat2-" + where;
    call = call(where + ": openat2, new", fresh, "O_WRONLY|O_CREAT");
    call.mode = "0604";
    address = LibC.string(arena, fresh).address();
    how = LibC.how(arena, O_WRONLY | O_CREAT, 0604).address();
    call.begin();
    result = LibC.call(LibC.OPENAT2, LibC.AT_FDCWD, address, how, 24);
    done(call, result);
  }

  private void plainOpen(Arena arena, String where) {
    CallEvent call = call(where + ": open", existing, "O_RDONLY|O_NONBLOCK");
    long address = LibC.string(arena, existing).address();
    call.begin();
    // a mode counts for nothing where no file is created
    long result = LibC.call(LibC.OPEN, address, O_NONBLOCK, 0777);
    done(call, result);
  }

  private void creat(Arena arena, String where) {
    String path = directory + "/creat-" + where;
    CallEvent call = call(where + ": creat", path, "O_WRONLY|O_CREAT|O_TRUNC");
    call.mode = "0600";
    long address = LibC.string(arena, path).address();
    call.begin();
    long result = LibC.call(LibC.CREAT, address, 0600);
    done(call, result);
  }

  private static void open(
      Arena arena, String what, String path, int flags, String flagsText, int mode) {
    CallEvent call = call(what, path, flagsText);
    call.mode = mode == 0 ? null : "0" + Integer.toOctalString(mode);
    long address = LibC.string(arena, path).address();
    call.begin();
    long result = LibC.call(LibC.OPENAT, LibC.AT_FDCWD, address, flags, mode);
    done(call, result);
  }

  private static CallEvent call(String what, String path, String flags) {
    CallEvent call = new CallEvent();
    call.what = what;
    call.path = path;
    call.flags = flags;
    call.directoryFd = LibC.AT_FDCWD;
    call.tid = LibC.gettid();
    return call;
  }

  private static void done(CallEvent call, long result) {
    call.end();
    call.fd = (int) Math.max(result, -1);
    call.errno = result < 0 ? errno((int) -result) : null;
    call.commit();
    if (result >= 0) {
      LibC.must("close", LibC.call(LibC.CLOSE, result));
    }
  }

  private static @Nullable String errno(int number) {
    return ERRNOS.getOrDefault(number, "unexpected " + number);
  }

  private void fromThreads() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (String name : List.of("opener-1", "opener-2", "\u00f6ffner \u20ac", "with / slash")) {
      threads.add(Thread.ofPlatform().name(name).start(() -> everyKind(name.replace('/', '|'))));
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /** Threads that make one call and are gone, long before anybody reads what they did. */
  private void fromShortLivedThreads() throws InterruptedException {
    for (int i = 0; i < SHORT_LIVED; i += AT_ONCE) {
      Thread[] threads = new Thread[AT_ONCE];
      for (int j = 0; j < AT_ONCE; j++) {
        String name = "short-" + (i + j);
        threads[j] =
            Thread.ofPlatform()
                .name(name)
                .start(() -> {
                  try (Arena arena = Arena.ofConfined()) {
                    open(arena, name, directory + "/" + name, 0, "O_RDONLY", 0);
                  }
                });
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private void fromVirtualThread() throws InterruptedException {
    Thread.ofVirtual()
        .name("virtual")
        .start(() -> {
          try (Arena arena = Arena.ofConfined()) {
            open(arena, "virtual", directory + "/virtual", 0, "O_RDONLY", 0);
          }
        })
        .join();
  }

  private void byJava() throws IOException {
    try (FileInputStream in = new FileInputStream(directory.resolve("by-java").toString())) {
      throw new IllegalStateException(in.toString());
    } catch (FileNotFoundException e) {
      // as it should be
    }
    Files.writeString(directory.resolve("by-java"), "x");
    try (var files = Files.list(directory.resolve("listed"))) {
      if (files.findAny().isPresent()) {
        throw new IllegalStateException();
      }
    }
  }

  private void byAnotherProcess() throws IOException, InterruptedException {
    Path path = directory.resolve("foreign");
    Files.createSymbolicLink(path, Path.of("existing"));
    Process cat =
        new ProcessBuilder("cat", path.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (cat.waitFor() != 0) {
      throw new IllegalStateException("cat");
    }
  }

  /** The garbage collector's log changes files, which a thread of the VM itself opens. */
  private static void byTheVm() throws IOException {
    for (int i = 0; i < 10; i++) {
      System.gc();
    }
    for (File task : sorted(new File("/proc/self/task"))) {
      TaskEvent event = new TaskEvent();
      event.tid = Integer.parseInt(task.getName());
      event.name = Files.readString(task.toPath().resolve("comm")).strip();
      event.commit();
    }
  }

  private static File[] sorted(File directory) {
    File[] files = directory.listFiles();
    if (files == null) {
      throw new IllegalStateException("cannot list " + directory);
    }
    Arrays.sort(files);
    return files;
  }
}
