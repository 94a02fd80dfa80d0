package dev.kernelflight.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kernelflight.agent.AgentOptions.BadOptionException;
import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.attach.HookKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentOptionsTest {
  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", " ", "\t\n"})
  void nothingMeansTheDefaults(String text) throws Exception {
    AgentOptions options = AgentOptions.parse(text);
    assertThat(options).isEqualTo(AgentOptions.defaults());
    assertThat(options.tracing().attach()).isEmpty();
    assertThat(options.tracing().buffer()).isEqualTo(Buffer.AUTO);
    assertThat(AgentOptions.KNOWN).contains("default " + options.tracing().pages());
    assertThat(options.virtualThreads()).isTrue();
    assertThat(options.required()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"fentry, FENTRY", "kprobe, KPROBE", "tracepoint, TRACEPOINT"})
  void attach(String value, HookKind kind) throws Exception {
    assertThat(AgentOptions.parse("attach=" + value).tracing().attach()).contains(kind);
    assertThat(AgentOptions.parse("attach=" + value + ",attach=auto").tracing().attach()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"perf, PERF", "ring, RING"})
  void buffer(String value, Buffer buffer) throws Exception {
    assertThat(AgentOptions.parse("buffer=" + value).tracing().buffer()).isEqualTo(buffer);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 32, 1024, 65536})
  void pages(int pages) throws Exception {
    assertThat(AgentOptions.parse("pages=" + pages).tracing().pages()).isEqualTo(pages);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void virtualThreads(boolean value) throws Exception {
    AgentOptions options = AgentOptions.parse("required=true,virtual-threads=" + value);
    assertThat(options.virtualThreads()).isEqualTo(value);
    assertThat(options.required()).isTrue();
    assertThatThrownBy(() -> AgentOptions.parse("virtual-threads=no"))
        .isInstanceOf(BadOptionException.class)
        .hasMessageContaining("option virtual-threads=no: virtual-threads must be true or false");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void required(boolean value) throws Exception {
    assertThat(AgentOptions.parse("required=" + value).required()).isEqualTo(value);
  }

  @Test
  void severalWithSpacesBetween() throws Exception {
    AgentOptions options =
        AgentOptions.parse("attach=kprobe, buffer = ring ,pages=64,required=true");
    assertThat(options.tracing().attach()).contains(HookKind.KPROBE);
    assertThat(options.tracing().buffer()).isEqualTo(Buffer.RING);
    assertThat(options.tracing().pages()).isEqualTo(64);
    assertThat(options.required()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "attach=uprobe; option attach=uprobe: attach must be auto, fentry, kprobe or tracepoint",
        "attach; option attach=: attach must be auto, fentry, kprobe or tracepoint",
        "attach=Kprobe; option attach=Kprobe: attach must be auto, fentry, kprobe or tracepoint",
        "buffer=; option buffer=: buffer must be auto, perf or ring",
        "buffer=big; option buffer=big: buffer must be auto, perf or ring",
        "pages=many; option pages=many: pages must be a power of two from 16 to 65536",
        "pages=0; option pages=0: pages must be a power of two from 16 to 65536",
        "pages=-64; option pages=-64: pages must be a power of two from 16 to 65536",
        "pages=8; option pages=8: pages must be a power of two from 16 to 65536",
        "pages=100; option pages=100: pages must be a power of two from 16 to 65536",
        "pages=131072; option pages=131072: pages must be a power of two from 16 to 65536",
        "pages=4294967296; option pages=4294967296: pages must be a power of two from 16 to 65536",
        "required=yes; option required=yes: required must be true or false",
        "required; option required=: required must be true or false",
        "Buffer=ring; there is no option \"Buffer\"",
        "buffer=ring,; there is no option \"\"",
        "=ring; there is no option \"\""
      })
  void whatIsWrongIsSaid(String text, String message) {
    assertThatThrownBy(() -> AgentOptions.parse(text))
        .isInstanceOf(BadOptionException.class)
        .hasMessage(message);
  }

  @Test
  void anUnknownOptionNamesTheKnownOnes() {
    assertThatThrownBy(() -> AgentOptions.parse("page=64"))
        .satisfies(e ->
            assertThat(Diagnosis.of(e).text(false))
                .contains(
                    "there is no option \"page\"", "attach=", "buffer=", "pages=", "required="));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "required=true; true",
        "pages=64,required=true; true",
        "pages=wrong,required=true,nonsense; true",
        " required = true ; true",
        "required=false; false",
        "required=truer; false",
        "notrequired=true; false",
        "required; false",
        "pages=64; false",
        "required=true,required=false; false",
        "required=false,required=true; true"
      })
  void whatMustNotStartWithoutTracing(String text, boolean required) {
    assertThat(AgentOptions.asksForRequired(text)).isEqualTo(required);
  }

  @Test
  void withoutOptionsItMayStart() {
    assertThat(AgentOptions.asksForRequired(null)).isFalse();
    assertThat(AgentOptions.asksForRequired("")).isFalse();
    assertThat(AgentOptions.asksForRequired("required\t=\ttrue")).isTrue();
  }
}
