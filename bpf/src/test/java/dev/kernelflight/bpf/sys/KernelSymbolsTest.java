package dev.kernelflight.bpf.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kernelflight.bpf.sys.KernelSymbols.HiddenException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class KernelSymbolsTest {
  private static KernelSymbols parse(String text) throws IOException, HiddenException {
    return KernelSymbols.parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void functionsOfTheKernelAndOfModules() throws Exception {
    KernelSymbols symbols =
        parse(
            """
            ffffffff81000000 T _text
            ffffffff81000100 t first
            ffffffff81000180 D data
            ffffffff81000200 W second
            ffffffffc0000400 t later\t[ext4]
            ffffffffc0000300 t earlier [ext4]
            """);

    assertThat(symbols.function(0xffffffff81000100L)).isEqualTo("first");
    assertThat(symbols.function(0xffffffff810001ffL)).isEqualTo("first");
    assertThat(symbols.function(0xffffffff81000200L)).isEqualTo("second");
    assertThat(symbols.function(0xffffffffc0000300L)).isEqualTo("earlier");
    assertThat(symbols.function(0xffffffffc0000410L)).isEqualTo("later");
  }

  @Test
  void addressesOfNoKnownFunction() throws Exception {
    KernelSymbols symbols = parse("ffffffff81000100 t only\n");

    assertThat(symbols.function(0xffffffff810000ffL)).isNull();
    assertThat(symbols.function(0)).isNull();
    assertThat(symbols.function(0xffffffffc0000300L)).as("loaded since").isNull();
  }

  @Test
  void hiddenByTheKernel() {
    assertThatExceptionOfType(HiddenException.class)
        .isThrownBy(() -> parse("0000000000000000 T _text\n0000000000000000 t first\n"))
        .withMessageContainingAll("kernel.kptr_restrict", "CAP_SYSLOG");
  }

  @Test
  void nothingAtAll() {
    assertThatExceptionOfType(HiddenException.class).isThrownBy(() -> parse(""));
    assertThatExceptionOfType(HiddenException.class).isThrownBy(() -> parse("ffffffff81000100"));
    assertThatExceptionOfType(HiddenException.class).isThrownBy(() -> parse("\n\nx"));
  }

  @Test
  void aLastLineThatIsCut() throws Exception {
    assertThat(
            parse("ffffffff81000100 t whole\nffffffff81000200 t cu").function(0xffffffff81000201L))
        .isEqualTo("cu");
  }
}
