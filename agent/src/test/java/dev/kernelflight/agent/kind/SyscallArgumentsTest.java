package dev.kernelflight.agent.kind;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.ArgumentDetail;
import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.abi.KernelNames;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyscallArgumentsTest {
  private static final Pattern PIECE =
      Pattern.compile(
          "\\{(?:(?:fd|dir|path|flags|signal|futex|dec|hex):([1-6])|"
              + "(?:socket|socketref):([1-6]):([1-6]))\\}");

  private static List<String> templates() throws Exception {
    try (InputStream in = SyscallArguments.class.getResourceAsStream("syscall-arguments.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .toList();
    }
  }

  @Test
  void everyTemplateIsOfACallAndOfKnownPieces() throws Exception {
    List<KernelNames> all = Arrays.stream(Architecture.values()).map(KernelNames::of).toList();
    assertThat(templates()).hasSizeGreaterThan(50);
    for (String line : templates()) {
      String call = line.substring(0, line.indexOf(' '));
      assertThat(all).as(call).anyMatch(names -> names.hasSyscall(call));
      Matcher pieces = PIECE.matcher(line);
      assertThat(pieces.find()).as(line).isTrue();
      assertThat(pieces.reset().replaceAll("")).as(line).doesNotContain("{", "}");
    }
  }

  @ParameterizedTest
  @EnumSource
  void theKernelSendsOneDetailOfACall(Architecture architecture) {
    KernelNames names = KernelNames.of(architecture);
    Map<Integer, ArgumentDetail.Kind> kinds = new HashMap<>();
    Map<Integer, List<Integer>> arguments = new HashMap<>();
    new SyscallArguments(names)
        .<RuntimeException>details((number, detail) -> {
          assertThat(kinds.put(number, detail.kind())).as(names.syscall(number)).isNull();
          arguments.put(number, List.of(detail.argument(), detail.lengthArgument()));
        });
    assertThat(kinds)
        .containsEntry(names.syscallNumber("openat"), ArgumentDetail.Kind.PATH)
        .containsEntry(names.syscallNumber("connect"), ArgumentDetail.Kind.BYTES)
        .containsEntry(names.syscallNumber("accept4"), ArgumentDetail.Kind.BYTES_BY_REFERENCE)
        .doesNotContainKey(names.syscallNumber("read"));
    assertThat(arguments.get(names.syscallNumber("openat"))).startsWith(1);
    assertThat(arguments.get(names.syscallNumber("connect"))).containsExactly(1, 2);
    assertThat(arguments.get(names.syscallNumber("sendto"))).containsExactly(4, 5);
  }
}
