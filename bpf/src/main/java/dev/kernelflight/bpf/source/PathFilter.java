package dev.kernelflight.bpf.source;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Which paths are wanted: prefixes ({@code /etc/}) and globs ({@code /var/**}{@code /*.log}, where
 * {@code *} and {@code ?} stop at a slash and {@code **} does not). Immutable.
 */
public final class PathFilter {
  /** Every path. */
  public static final PathFilter ALL = new PathFilter(List.of());

  private final List<String> wanted;
  private final List<Pattern> patterns;

  private PathFilter(List<String> wanted) {
    this.wanted = List.copyOf(wanted);
    patterns = wanted.stream().map(PathFilter::pattern).toList();
  }

  /** Reads prefixes and globs; none means all paths. */
  public static PathFilter of(List<String> wanted) {
    return new PathFilter(wanted);
  }

  /** What each match begins with: so much the kernel can compare. None where any path matches. */
  public List<String> prefixes() {
    return wanted.stream().map(PathFilter::literalStart).toList();
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

  @Override
  public boolean equals(Object other) {
    return other instanceof PathFilter filter && wanted.equals(filter.wanted);
  }

  @Override
  public int hashCode() {
    return wanted.hashCode();
  }

  @Override
  public String toString() {
    return wanted.isEmpty() ? "all" : String.join(",", wanted);
  }
}
