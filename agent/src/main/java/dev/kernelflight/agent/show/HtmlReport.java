package dev.kernelflight.agent.show;

import dev.kernelflight.agent.recording.KernelRecording;
import dev.kernelflight.agent.recording.RuleResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.owasp.encoder.Encode;

/**
 * Results of rules as one HTML page that loads nothing: no script, no font, no image. What comes
 * from the recording is escaped, and the page's own policy forbids whatever would get through.
 */
public final class HtmlReport {
  private static final String STYLE =
      """
      :root { color-scheme: light dark; --text: #1c1c1e; --page: #ffffff; --line: #d0d0d4;
        --note: #5a5a5f; --warning: #c62828; --information: #e08600; --ok: #2e7d32; --failed: #6a1b9a; }
      @media (prefers-color-scheme: dark) {
        :root { --text: #e6e6e8; --page: #18181a; --line: #3c3c40; --note: #a0a0a6;
          --warning: #ef5350; --information: #ffb74d; --ok: #66bb6a; --failed: #ba68c8; }
      }
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
        color: var(--text); background: var(--page); }
      h1 { font-size: 1.5rem; margin-bottom: 0; }
      h2 { font-size: 1.1rem; margin: 0; }
      li { font: 0.9rem/1.4 ui-monospace, monospace; }
      section { border: 1px solid var(--line); border-left: 0.5rem solid var(--line);
        border-radius: 0.4rem; padding: 0.8rem 1rem; margin: 1rem 0; }
      p, li { margin: 0.5rem 0 0; overflow-wrap: anywhere; }
      .warning { border-left-color: var(--warning); }
      .information { border-left-color: var(--information); }
      .ok { border-left-color: var(--ok); }
      .failed { border-left-color: var(--failed); }
      .severity { float: right; font-size: 0.9rem; }
      .note, .severity { color: var(--note); }
      """;

  private HtmlReport() {}

  public static String page(Path file, KernelRecording recording, List<RuleResult> results) {
    String name = text(String.valueOf(file.getFileName()));
    StringBuilder page = new StringBuilder();
    page.append(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>Kernel report of %s</title>
        <style>
        %s</style>
        </head>
        <body>
        <h1>Kernel report of %s</h1>
        <p class="note">%s</p>
        """
            .formatted(name, STYLE, name, text(TextReport.counts(results))));
    if (recording.damage() != null) {
      page.append("<p>Only the beginning of the recording is covered: ")
          .append(text(recording.damage()))
          .append(".</p>\n");
    }
    results.forEach(result -> append(page, result));
    return page.append("</body>\n</html>\n").toString();
  }

  private static void append(StringBuilder page, RuleResult result) {
    String label = result.severity().label();
    page.append("<section class=\"%s\">\n".formatted(label.replace(' ', '-')));
    page.append(
        "<span class=\"severity\">%s%s</span>\n"
            .formatted(
                text(label),
                result.score() < 0 ? "" : String.format(Locale.ROOT, " %.0f", result.score())));
    page.append("<h2>%s</h2>\n".formatted(text(result.name())));
    paragraph(page, "", result.summary());
    paragraph(page, "", result.explanation());
    if (!result.culprits().isEmpty()) {
      page.append("<ul>\n");
      result
          .culprits()
          .forEach(culprit -> page.append("<li>").append(text(culprit)).append("</li>\n"));
      page.append("</ul>\n");
    }
    paragraph(page, "<strong>What to do:</strong> ", result.solution());
    page.append("</section>\n");
  }

  private static void paragraph(StringBuilder page, String lead, @Nullable String content) {
    if (content != null && !content.isEmpty()) {
      page.append("<p>").append(lead).append(text(content)).append("</p>\n");
    }
  }

  private static String text(String content) {
    return Encode.forHtml(Printable.line(content));
  }
}
