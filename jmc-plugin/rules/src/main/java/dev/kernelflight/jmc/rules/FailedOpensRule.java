package dev.kernelflight.jmc.rules;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.util.TypedPreference;

/** Storms of opens that fail: look-ups along a class path, for configuration, for locale files. */
public final class FailedOpensRule extends KernelRule {
  /** Failed opens in ten seconds. */
  public static final TypedPreference<IQuantity> LIMIT =
      numberLimit(
          "dev.kernelflight.failedOpens.limit",
          "Failed opens in 10 s",
          "How many opens that fail within 10 seconds are worth a warning",
          500);

  private static final int NAMED = 5;
  private static final int SEVERAL = 3;

  private static final Pattern LOCALE =
      Pattern.compile(".*(_[a-z]{2}(_[A-Z]{2})?\\.(properties|class)|\\.mo|/locale/.*)");
  private static final Pattern CLASSES = Pattern.compile(".*(\\.class|\\.jar|/META-INF/.*)");
  private static final Pattern LIBRARIES = Pattern.compile(".*\\.so(\\.\\d+)*");
  private static final Pattern CONFIGURATION =
      Pattern.compile(".*\\.(properties|ya?ml|xml|json|conf|config|cfg|ini|toml)");

  /** Made by Mission Control. */
  public FailedOpensRule() {
    super(
        "KernelFailedOpens",
        "Storms of Failed Opens",
        Topics.FILE_OPENS,
        List.of(LIMIT),
        KernelEvents.FILE_OPEN);
  }

  @Override
  protected @Nullable Finding find(IItemCollection items, Limits limits) {
    Tally all = new Tally("all");
    Map<String, Tally> directories = new HashMap<>();
    Map<String, Tally> names = new HashMap<>();
    Map<String, Set<String>> directoriesOfName = new HashMap<>();
    Map<String, Tally> causes = new HashMap<>();
    KernelEvents.of(items, KernelEvents.FILE_OPEN)
        .forEach(open -> {
          String errno = KernelEvents.get(open, KernelEvents.ERRNO);
          String path = KernelEvents.get(open, KernelEvents.PATH);
          if (errno != null && path != null) {
            int slash = path.lastIndexOf('/');
            String directory = slash < 0 ? "." : path.substring(0, Math.max(slash, 1));
            String name = path.substring(slash + 1);
            all.add(open);
            directories.computeIfAbsent(directory + " (" + errno + ")", Tally::new).add(open);
            names.computeIfAbsent(name, Tally::new).add(open);
            directoriesOfName.computeIfAbsent(name, n -> new HashSet<>()).add(directory);
            causes.computeIfAbsent(cause(path), Tally::new).add(open);
          }
        });
    double score = score(all.busiest(), limits.get(LIMIT));
    if (!isNotable(score)) {
      return Finding.fine(
          score, "%s opens failed, which is not many.".formatted(count(all.count())));
    }
    List<String> culprits = new ArrayList<>();
    Tally name = Tally.top(names, Tally.BY_BUSIEST, 1).get(0);
    int places = directoriesOfName.getOrDefault(name.key(), Set.of()).size();
    boolean searched = places > SEVERAL && name.count() > all.count() / 2;
    if (searched) {
      culprits.add(
          "%s: %s failed opens in %d directories, by %s"
              .formatted(name.key(), count(name.count()), places, name.threads()));
    }
    List<Tally> worst = Tally.top(directories, Tally.BY_BUSIEST, NAMED);
    worst.forEach(directory ->
        culprits.add(
            "%s: %s failed opens, by %s"
                .formatted(directory.key(), count(directory.count()), directory.threads())));
    return new Finding(
        score,
        "%s opens failed, %s of them within %d s; most in %s."
            .formatted(
                count(all.count()),
                count(all.busiest()),
                Tally.WINDOW_SECONDS,
                searched ? "search of " + name.key() : worst.get(0).key()),
        "Each is a way through the directories for nothing. The names look like "
            + Tally.top(causes, Tally.BY_BUSIEST, 1).get(0).key()
            + ".",
        "Name the right place in the first place, remember that something is not there, or put it"
            + " there. For class path and resource look-ups fewer and earlier entries help; for resource"
            + " bundles a file for the locale that is asked for, or a Control without fall-back.",
        culprits);
  }

  private static String cause(String path) {
    if (LOCALE.matcher(path).matches()) {
      return "missing locale files";
    }
    if (CLASSES.matcher(path).matches()) {
      return "look-ups along the class path";
    }
    if (LIBRARIES.matcher(path).matches()) {
      return "look-ups along a library path";
    }
    return CONFIGURATION.matcher(path).matches()
        ? "a look-up of configuration"
        : "files that are expected and are not there";
  }
}
