package dev.kernelflight.agent.settings;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Which paths are wanted: prefixes ({@code /etc/}) and globs ({@code /var/**}{@code /*.log}, where
 * {@code *} and {@code ?} stop at a slash and {@code **} does not). Immutable.
 *
 * @param prefixes all of them without wildcards, for the kernel, or none where only user space can
 *     decide
 */
public record PathFilter(List<String> prefixes, List<Pattern> patterns) {
  /** Every path. */
  public static final PathFilter ALL = new PathFilter(List.of(), List.of());

  /** Reads prefixes and globs; none means all paths. */
  public static PathFilter of(List<String> wanted) {
    return new PathFilter(
        wanted.stream().map(PathFilter::literalStart).toList(),
        wanted.stream().map(PathFilter::pattern).toList());
  }

  /** Whether a path is wanted. */
  public boolean accepts(String path) {
    if (patterns.isEmpty()) {
      return true;
    }
    for (Pattern pattern : patterns) {
      if (pattern.matcher(path).lookingAt()) {
        return true;
      }
    }
    return false;
  }

  /** What every match begins with: so much even the kernel can compare. */
  private static String literalStart(String wanted) {
    for (int i = 0; i < wanted.length(); i++) {
      if ("*?".indexOf(wanted.charAt(i)) >= 0) {
        return wanted.substring(0, i);
      }
    }
    return wanted;
  }

  private static Pattern pattern(String wanted) {
    StringBuilder regex = new StringBuilder();
    boolean glob = false;
    for (int i = 0; i < wanted.length(); i++) {
      char c = wanted.charAt(i);
      if (c == '*' && wanted.startsWith("**/", i)) {
        regex.append("(.*/)?");
        i += 2;
        glob = true;
      } else if (c == '*' && wanted.startsWith("**", i)) {
        regex.append(".*");
        i++;
        glob = true;
      } else if (c == '*') {
        regex.append("[^/]*");
        glob = true;
      } else if (c == '?') {
        regex.append("[^/]");
        glob = true;
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    // a prefix matches the start of a path, a glob all of it
    return Pattern.compile(glob ? regex + "\\z" : regex.toString(), Pattern.DOTALL);
  }
}
