package dev.kernelflight.agent.attach;

import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Directory;
import dev.kernelflight.bpf.sys.KernelException;
import dev.kernelflight.bpf.sys.OpenFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A directory in the /tmp of a JVM, which may be another /tmp than ours: files go in and come out
 * by it, and none of it is left after {@link #close}.
 *
 * <p>Others may write to that /tmp, and in a container the JVM's user may own it. So the directory
 * stays this user's, its files are made here and then given to the JVM's user, and all of it is
 * reached by descriptors only. They reach it also after the JVM and its file system are gone.
 */
public final class TargetDirectory implements AutoCloseable {
  private static final Path TMP = Path.of("/tmp");

  /** Others go through it to files that they know the names of. */
  private static final int TO_GO_THROUGH = 0711;

  private static final int OWNER_ONLY = 0600;

  private final JvmProcess jvm;
  private final Directory parent;
  private final Directory directory;
  private final String name;
  private final List<String> files = new ArrayList<>();
  private @Nullable OpenFile expected;

  private TargetDirectory(JvmProcess jvm, Directory parent, Directory directory, String name) {
    this.jvm = jvm;
    this.parent = parent;
    this.directory = directory;
    this.name = name;
  }

  /** Makes one. */
  public static TargetDirectory in(JvmProcess jvm) throws CommandFailedException {
    String name =
        "kernelflight-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    try {
      Directory parent = Directory.openNoLink(jvm.root().resolve("tmp"));
      try {
        Directory directory = parent.makeDirectory(name);
        directory.setPermissions(TO_GO_THROUGH);
        return new TargetDirectory(jvm, parent, directory, name);
      } catch (KernelException e) {
        parent.close();
        throw e;
      }
    } catch (KernelException e) {
      throw new CommandFailedException(
          "cannot write to the /tmp of process "
              + jvm.pid()
              + ", which attaching to a JVM needs: "
              + e.getMessage());
    }
  }

  /**
   * Copies a file into it, for the JVM to read.
   *
   * @return the path that the JVM sees
   */
  String put(Path source, String fileName) throws CommandFailedException {
    try (OpenFile from = OpenFile.toRead(source);
        OpenFile to = make(fileName)) {
      from.copyTo(to);
      return pathOf(fileName);
    } catch (KernelException e) {
      throw new CommandFailedException(
          "cannot copy " + source + " to where the JVM sees it: " + e.getMessage());
    }
  }

  /**
   * Copies the agent into it.
   *
   * @return the path that the JVM sees
   */
  public String putAgent() throws CommandFailedException {
    return put(AgentJar.path(), "ebpf-agent.jar");
  }

  /** How many files were put into it or are expected. */
  int files() {
    return files.size();
  }

  /**
   * Makes a file that the JVM will write.
   *
   * @return the path that the JVM sees
   */
  String expect(String fileName) throws CommandFailedException {
    try {
      expected = make(fileName);
      return pathOf(fileName);
    } catch (KernelException e) {
      throw new CommandFailedException(
          "cannot make a file where the JVM sees it: " + e.getMessage());
    }
  }

  private OpenFile make(String fileName) throws KernelException {
    OpenFile file = directory.makeFile(fileName, OWNER_ONLY);
    files.add(fileName);
    try {
      if (jvm.uid() != CurrentProcess.effectiveUserId()) {
        file.setOwner(jvm.uid(), jvm.gid());
      }
      return file;
    } catch (KernelException e) {
      file.close();
      throw e;
    }
  }

  private String pathOf(String fileName) {
    return TMP.resolve(name).resolve(fileName).toString();
  }

  /** Copies what the JVM has written to a file of ours. */
  void take(OpenFile target) throws CommandFailedException {
    try {
      OpenFile file = expected;
      if (file == null || file.status().size() == 0) {
        throw new CommandFailedException("the JVM has written no recording");
      }
      file.copyTo(target);
    } catch (KernelException e) {
      throw new CommandFailedException("cannot fetch the recording: " + e.getMessage());
    }
  }

  /** Removes it; what cannot be removed stays, and nobody is told: it is empty or the JVM's. */
  @Override
  public void close() {
    if (expected != null) {
      expected.close();
    }
    try (parent;
        directory) {
      for (String file : files) {
        directory.removeFile(file);
      }
      parent.removeDirectory(name);
    } catch (KernelException e) {
      // a file system that has become read-only, or is gone
    }
  }
}
