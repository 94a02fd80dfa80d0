package dev.kernelflight.agent.kind;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Families are in the byte order of the machine, which is little-endian on all that there are. */
class SocketAddressTextTest {
  private static String text(String hex) {
    byte[] bytes = HexFormat.of().parseHex("ff" + hex + "ff");
    return SocketAddressText.of(MemorySegment.ofArray(bytes), 1, bytes.length - 2);
  }

  @ParameterizedTest
  @CsvSource({
    "020000507f000001,127.0.0.1:80",
    "0200ffff0a0001fe0000000000000000,10.0.1.254:65535",
    "02000050,inet",
    "0a000050,inet6",
    "1000000000000000,netlink",
    "1100000000000000,family 17",
    "02,''",
    "'',''",
    "01002f746d702f7800,unix:/tmp/x",
    "01002f746d702f78,unix:/tmp/x",
    "0100,unix:",
    "0100006162,unix:@ab"
  })
  void addresses(String hex, String expected) {
    assertThat(text(hex)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "00000000000000000000000000000001,::1",
    "00000000000000000000000000000000,::",
    "20010db8000000000000000000000001,2001:db8::1",
    "20010db8000000010001000100010001,2001:db8:0:1:1:1:1:1",
    "20010000000000010000000000000001,2001:0:0:1::1",
    "fe800000000000000000000000000000,fe80::",
    "0001000200030004000500060007abcd,1:2:3:4:5:6:7:abcd",
    "00000000000000000000ffff7f000001,::ffff:127.0.0.1"
  })
  void ofVersion6(String hex, String expected) {
    assertThat(text("0a0001bb00000000" + hex + "00000000")).isEqualTo("[" + expected + "]:443");
  }

  @Test
  void cutShort() {
    String whole = "0a0001bb0000000000000000000000000000000000000001";
    assertThat(text(whole)).isEqualTo("[::1]:443");
    assertThat(text(whole.substring(0, whole.length() - 2))).isEqualTo("inet6");
  }
}
