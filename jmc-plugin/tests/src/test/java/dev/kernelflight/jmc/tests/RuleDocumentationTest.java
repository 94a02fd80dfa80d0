package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;
import org.openjdk.jmc.flightrecorder.rules.IRule;

/** Each rule has a page in docs/rules that says what the rule itself says. */
class RuleDocumentationTest {
  private static final Path DIRECTORY = Path.of("..", "..", "docs", "rules");

  @Test
  void everyRuleIsDescribed() throws IOException {
    String index = Files.readString(DIRECTORY.resolve("README.md"));
    List<String> pages = pages();
    assertThat(pages).hasSameSizeAs(Recordings.rules());
    for (IRule rule : Recordings.rules()) {
      assertThat(index).contains("[" + rule.getName() + "]", "`" + rule.getId() + "`");
      assertThat(pages)
          .filteredOn(page -> page.contains("Id `" + rule.getId() + "`"))
          .singleElement()
          .satisfies(page -> assertDescribes(page, rule));
    }
  }

  private static void assertDescribes(String page, IRule rule) {
    assertThat(page).startsWith("# " + rule.getName());
    rule.getRequiredEvents()
        .keySet()
        .forEach(event -> assertThat(page).contains("`" + event + "`"));
    for (TypedPreference<?> limit : rule.getConfigurationAttributes()) {
      String value = ((IQuantity) limit.getDefaultValue()).displayUsing("exact");
      assertThat(page.replace(",", "").replace('\u00a0', ' '))
          .contains("| " + limit.getName() + " | " + value.replace(",", "").replace('\u00a0', ' '));
    }
  }

  private static List<String> pages() throws IOException {
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      return files
          .filter(file -> !file.endsWith("README.md"))
          .map(file -> {
            try {
              return Files.readString(file);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          })
          .toList();
    }
  }
}
