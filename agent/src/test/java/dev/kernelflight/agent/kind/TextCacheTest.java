package dev.kernelflight.agent.kind;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextCacheTest {
  private static final int LONGEST_PATH = 4095;

  private final TextCache cache = new TextCache(256);

  private static String text(TextCache cache, byte[] bytes) {
    // at an odd place, with something else before and behind
    byte[] memory = new byte[bytes.length + 12];
    Arrays.fill(memory, (byte) '#');
    System.arraycopy(bytes, 0, memory, 5, bytes.length);
    return cache.text(MemorySegment.ofArray(memory), 5, bytes.length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/etc/hosts",
        "/tmp/Grüße",
        "/tmp/日本語",
        "/tmp/\uD83D\uDE00",
        "/a b\tc\nd\re",
        "/tmp/\u0001\u007f",
        "/\uFFFD"
      })
  void utf8(String path) {
    assertThat(text(cache, path.getBytes(UTF_8))).isEqualTo(path);
    assertThat(text(cache, path.getBytes(UTF_8))).isEqualTo(path);
  }

  /** Bytes as hex; in the text they stand as \xHH. */
  @ParameterizedTest
  @CsvSource({
    "ff, \\xff",
    "2f61ff62, /a\\xffb",
    "c3, \\xc3",
    "c328, \\xc3(",
    "2fe282, /\\xe2\\x82",
    "e28228, \\xe2\\x82(",
    "eda080, \\xed\\xa0\\x80",
    "c080, \\xc0\\x80",
    "f8888080, \\xf8\\x88\\x80\\x80",
    "80c3a4, \\x80ä",
    "fffefd, \\xff\\xfe\\xfd"
  })
  void bytesThatAreNoUtf8StayVisible(String hex, String expected) {
    assertThat(text(cache, HexFormat.of().parseHex(hex))).isEqualTo(expected);
  }

  @Test
  void nothingButInvalidBytes() {
    byte[] bytes = new byte[LONGEST_PATH];
    Arrays.fill(bytes, (byte) 0xfe);
    assertThat(text(cache, bytes)).isEqualTo("\\xfe".repeat(LONGEST_PATH));
  }

  @Test
  void theLongestPath() {
    String path = "/ä" + "x".repeat(LONGEST_PATH - 3);
    assertThat(path.getBytes(UTF_8)).hasSize(LONGEST_PATH);
    assertThat(text(cache, path.getBytes(UTF_8))).isEqualTo(path);
  }

  @Test
  void aTextThatComesAgainIsTheSameString() {
    String first = text(cache, "/usr/lib/jvm".getBytes(UTF_8));
    text(cache, "/usr/lib/jvn".getBytes(UTF_8));
    text(cache, "/usr/lib/jv".getBytes(UTF_8));
    assertThat(text(cache, "/usr/lib/jvm".getBytes(UTF_8))).isSameAs(first);
  }

  @Test
  void aLongTextIsNotKept() {
    byte[] kept = "k".repeat(512).getBytes(UTF_8);
    byte[] tooLong = "l".repeat(513).getBytes(UTF_8);
    assertThat(text(cache, kept)).isSameAs(text(cache, kept));
    assertThat(text(cache, tooLong)).isNotSameAs(text(cache, tooLong)).hasSize(513);
  }

  /** One place for all: every text drives out the one before. */
  @Test
  void textsThatWantTheSamePlace() {
    TextCache one = new TextCache(1);
    for (int round = 0; round < 3; round++) {
      for (String text : new String[] {"", "/a", "/b", "/aa", "/ab"}) {
        assertThat(text(one, text.getBytes(UTF_8))).isEqualTo(text);
      }
    }
  }

  /** Also of the same length and differing in one byte anywhere. */
  @Test
  void neverAnotherText() {
    TextCache small = new TextCache(8);
    Random random = new Random(1);
    byte[] bytes = "/usr/share/locale/de/messages".getBytes(UTF_8);
    for (int i = 0; i < 50_000; i++) {
      bytes[random.nextInt(bytes.length)] = (byte) ('a' + random.nextInt(3));
      assertThat(text(small, bytes)).isEqualTo(new String(bytes, UTF_8));
    }
  }

  @Test
  void manyTextsSpreadOverThePlaces() {
    TextCache large = new TextCache(4096);
    Set<String> first = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int i = 0; i < 500; i++) {
      first.add(text(large, ("/srv/data/file-" + i + ".txt").getBytes(UTF_8)));
    }
    int kept = 0;
    for (int i = 0; i < 500; i++) {
      if (first.contains(text(large, ("/srv/data/file-" + i + ".txt").getBytes(UTF_8)))) {
        kept++;
      }
    }
    // by chance some 30 share a place with another; a poor hash would keep far less
    assertThat(kept).isGreaterThan(350);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 100, -8})
  void aNumberOfPlacesThatCannotBe(int slots) {
    assertThatThrownBy(() -> new TextCache(slots)).isInstanceOf(IllegalArgumentException.class);
  }
}
