package dev.kernelflight.bpf.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory that somebody else may write, who puts links in the place of names. */
class DirectoryTest {
  private static final int OTHER_USER = 1000;

  @TempDir Path temp;
  private Path shared;
  private Path secret;

  @BeforeEach
  void files() throws IOException {
    shared = Files.createDirectory(temp.resolve("shared"));
    secret = Files.writeString(temp.resolve("secret"), "secret");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
  }

  private static Object owner(Path path) throws IOException {
    return Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void aFileOfOurs() throws Exception {
    Path content = Files.writeString(temp.resolve("content"), "x".repeat(100_000));
    try (Directory directory = Directory.open(shared);
        OpenFile file = directory.makeFile("file", 0600);
        OpenFile source = OpenFile.toRead(content)) {
      assertThat(permissions(shared.resolve("file"))).isEqualTo("rw-------");
      source.copyTo(file);
      assertThat(shared.resolve("file")).hasSameTextualContentAs(content);
      assertThat(file.status())
          .isEqualTo(
              new OpenFile.Status(
                  true,
                  0600,
                  CurrentProcess.effectiveUserId(),
                  (long) Files.getAttribute(shared.resolve("file"), "unix:ino"),
                  100_000));
      assertThat(file.path()).hasSameTextualContentAs(content);
      directory.rename("file", "other");
      assertThat(shared.resolve("other")).hasSameTextualContentAs(content);
      assertThat(directory.removeFile("other")).isTrue();
      assertThat(directory.removeFile("other")).isFalse();
    }
  }

  @Test
  void aLinkIsNotFollowed() throws Exception {
    Files.createSymbolicLink(shared.resolve("link"), secret);
    Files.createSymbolicLink(temp.resolve("way"), shared);
    try (Directory directory = Directory.open(shared)) {
      assertThatThrownBy(() -> directory.makeFile("link", 0600))
          .isInstanceOf(KernelException.class)
          .hasMessage("open(link): EEXIST (exists)");
      assertThatThrownBy(() -> directory.openFile("link"))
          .hasMessage("open(link): ELOOP (a link where none is followed)");
      assertThatThrownBy(() -> Directory.openNoLink(temp.resolve("way")))
          .hasMessageContaining("ENOTDIR");
      directory.removeFile("link");
    }
    assertThat(secret).hasContent("secret");
  }

  /** Between the making of a file and what is done to it, its name is made to lead elsewhere. */
  @Test
  void whatIsDoneIsDoneToTheOpenFile() throws Exception {
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r-----"));
    Object before = owner(secret);
    try (Directory directory = Directory.open(shared);
        OpenFile file = directory.makeFile("file", 0600);
        OpenFile source = OpenFile.toRead(secret)) {
      Files.move(shared.resolve("file"), shared.resolve("moved"));
      Files.createSymbolicLink(shared.resolve("file"), secret);

      file.setPermissions(0666);
      source.copyTo(file);
      if (CurrentProcess.effectiveUserId() == 0) {
        file.setOwner(OTHER_USER, OTHER_USER);
        assertThat(owner(shared.resolve("moved"))).isEqualTo(OTHER_USER);
      }
      assertThat(permissions(shared.resolve("moved"))).isEqualTo("rw-rw-rw-");
      assertThat(file.path()).hasContent("secret");
      assertThat(permissions(secret)).isEqualTo("rw-r-----");
      assertThat(owner(secret)).isEqualTo(before);
    }
  }

  /** Its name leads to another directory by the time that files are made. */
  @Test
  void filesAreMadeInTheOpenDirectory() throws Exception {
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    try (Directory parent = Directory.open(shared);
        Directory made = parent.makeDirectory("made")) {
      assertThat(permissions(shared.resolve("made"))).isEqualTo("rwx------");
      Files.move(shared.resolve("made"), shared.resolve("moved"));
      Files.createSymbolicLink(shared.resolve("made"), elsewhere);

      made.makeFile("file", 0600).close();
      made.setPermissions(0711);
      assertThat(shared.resolve("moved/file")).exists();
      assertThat(permissions(shared.resolve("moved"))).isEqualTo("rwx--x--x");
      assertThat(elsewhere).isEmptyDirectory();
      assertThat(permissions(elsewhere)).isNotEqualTo("rwx--x--x");
    }
  }

  /** Between making a directory and opening it, its name is made to lead elsewhere. */
  @Test
  void anotherDirectoryIsNotTakenForOurs() throws Exception {
    try (Directory parent = Directory.open(shared)) {
      Files.createSymbolicLink(shared.resolve("link"), temp);
      assertThatThrownBy(() -> parent.openOwn("link")).hasMessageContaining("ENOTDIR");

      Path writable = Files.createDirectory(shared.resolve("writable"));
      Files.setPosixFilePermissions(writable, PosixFilePermissions.fromString("rwxrwxrwx"));
      assertThatThrownBy(() -> parent.openOwn("writable"))
          .hasMessageStartingWith("another directory took the place of writable");

      assumeTrue(CurrentProcess.effectiveUserId() == 0, "only root can give a directory away");
      Path others = Files.createDirectory(shared.resolve("others"));
      Files.setAttribute(others, "unix:uid", OTHER_USER);
      assertThatThrownBy(() -> parent.openOwn("others"))
          .hasMessageStartingWith("another directory took the place of others");
    }
  }
}
