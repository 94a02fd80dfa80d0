package dev.kernelflight.agent.cli;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Key;
import dev.kernelflight.agent.kind.Kind;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.recording.BadRecordingException;
import dev.kernelflight.agent.recording.EventFilter;
import dev.kernelflight.agent.recording.KernelRecording;
import dev.kernelflight.agent.recording.KernelRecording.Scope;
import dev.kernelflight.agent.recording.ThreadFilter;
import dev.kernelflight.agent.recording.ThreadNames;
import dev.kernelflight.agent.show.EventTable;
import dev.kernelflight.agent.show.JsonLine;
import dev.kernelflight.agent.show.StandardOutput;
import dev.kernelflight.agent.show.Summary;
import dev.kernelflight.agent.show.TopTable;
import dev.kernelflight.bpf.source.PathFilter;
import dev.kernelflight.bpf.sys.Terminal;
import java.time.Instant;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Prints the kernel events of a recording. */
@Command(
    name = "print",
    description = {
      "Prints the kernel events of a recording in the order of their start, one a line, and below"
          + " them how many there were, how many are missing, and how the kernel was traced."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed, even if no event was as wanted",
      "1:the file holds no kernel events, or cannot be read, or not to its end",
      "2:wrong options"
    })
final class PrintCommand implements Callable<Integer> {
  private static final Optional<Key> STATISTICS_KEY = Kinds.STATISTICS.key();
  private static final int USUAL_TOP = 10;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private RecordingFile file = new RecordingFile();

  @Option(
      names = {"-e", "--events"},
      split = ",",
      paramLabel = "KIND",
      description =
          "which events, separated by commas: ${COMPLETION-CANDIDATES} (default: all but statistics"
              + " and probe)",
      converter = Choice.OfKind.class,
      completionCandidates = Choice.OfKind.class)
  private @Nullable Set<Kind> kinds;

  @Option(
      names = {"-t", "--thread"},
      split = ",",
      paramLabel = "THREAD",
      description =
          "only these threads: beginnings of names (reader-), globs (*-worker-?), or OS thread ids; with"
              + " ! all but these ('!reader-')")
  private List<String> threads = List.of();

  @Option(
      names = "--path",
      split = ",",
      paramLabel = "PATH",
      description =
          "only opens of these paths: prefixes (/etc/) or globs (/var/**/*.log), as in the setting of"
              + " kernel.FileOpen")
  private List<String> paths = List.of();

  @Option(names = "--errors", description = "only what failed")
  private boolean errors;

  @Option(
      names = {"--threshold", "--min"},
      paramLabel = "TIME",
      converter = Timespan.class,
      description = "only calls that took so long at least, such as 500us or 20ms")
  private long threshold;

  @Option(
      names = "--from",
      paramLabel = "TIME",
      converter = Moment.Converter.class,
      description = "only what began then or later: 05:10:38.5, 2026-11-24T05:10:38 or …T05:10:38Z")
  private @Nullable Moment from;

  @Option(
      names = "--to",
      paramLabel = "TIME",
      converter = Moment.Converter.class,
      description = "only what began before that")
  private @Nullable Moment to;

  @Option(
      names = "--last",
      paramLabel = "TIME",
      converter = Timespan.class,
      description = "only what began so long before the last kernel event, such as 30s")
  private @Nullable Long last;

  @Option(
      names = {"-n", "--limit"},
      paramLabel = "N",
      description = "print the first N lines (default: all; with --top 10)")
  private @Nullable Integer limit;

  @Option(
      names = "--top",
      split = ",",
      paramLabel = "BY",
      description =
          "instead of the events what there was most of, by ${COMPLETION-CANDIDATES}; system calls"
              + " are counted by kernel.SyscallStatistics where the recording has these",
      converter = Choice.OfKey.class,
      completionCandidates = Choice.OfKey.class)
  private List<Key> tops = List.of();

  @Option(
      names = "--jfr",
      description =
          "also what JFR opens in /proc and /sys for its own events; else it is left out, and the last"
              + " line says how much that is")
  private boolean jfr;

  @Option(names = "--json", description = "one JSON object a line, and nothing below them")
  private boolean json;

  @Override
  public Integer call() {
    check();
    try {
      KernelRecording recording = file.load(Scope.KERNEL);
      print(recording.events());
      return RecordingFile.exitCode(recording);
    } catch (BadRecordingException e) {
      return file.fail(e);
    } catch (OutOfMemoryError e) {
      return file.fail(e);
    }
  }

  private void check() {
    if (last != null && (from != null || to != null)) {
      throw wrong("--last has no place beside --from and --to");
    }
    if (json && !tops.isEmpty()) {
      throw wrong("--top has no JSON: count with jq, say, what --json prints");
    }
    if (limit != null && limit < 0) {
      throw wrong("--limit must not be negative");
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void print(List<KernelEvent> all) {
    all.sort(Comparator.comparingLong(KernelEvent::start));
    EventFilter filter = filter(all);
    List<KernelEvent> accepted = all.stream().filter(filter::accepts).toList();
    List<KernelEvent> wanted =
        jfr ? accepted : accepted.stream().filter(event -> !event.kind().isJfrsOwn(event)).toList();
    int leftOut = accepted.size() - wanted.size();
    Summary summary = new Summary(all, wanted, leftOut);
    try (StandardOutput out = StandardOutput.open(json)) {
      if (json) {
        printLines(out, wanted.stream().map(JsonLine::of).iterator());
        if (summary.lost().any()) {
          file.warn(
              summary.lost().number() + " events are missing: --events lost tells when and why");
        }
        if (leftOut > 0) {
          file.warn(leftOut + " opens by JFR itself are left out: --jfr prints them, too");
        }
        return;
      }
      int width = Terminal.columns().orElse(EventTable.UNLIMITED);
      if (tops.isEmpty()) {
        printEvents(out, wanted, width);
      } else {
        int rows = limit == null ? USUAL_TOP : limit;
        tops.forEach(by -> new TopTable(by, counted(by, wanted)).print(out, width, rows));
      }
      out.line(summary.line());
    }
  }

  private EventFilter filter(List<KernelEvent> all) {
    Instant first = all.isEmpty() ? Instant.EPOCH : all.getFirst().time();
    Instant end = all.isEmpty() ? Instant.EPOCH : all.getLast().time();
    long earliest = from == null ? Long.MIN_VALUE : from.within(first, end);
    if (last != null) {
      earliest = all.isEmpty() ? 0 : all.getLast().start() - last;
    }
    return new EventFilter(
        kinds(),
        ThreadFilter.of(threads),
        ThreadNames.in(all),
        PathFilter.of(paths),
        errors,
        threshold,
        earliest,
        to == null ? Long.MAX_VALUE : to.within(first, end));
  }

  private Set<Kind> kinds() {
    if (kinds != null) {
      return kinds;
    }
    boolean counted = STATISTICS_KEY.filter(tops::contains).isPresent() && !errors;
    return Kinds.all().stream()
        .filter(kind -> kind.isUsual() || (counted && kind.equals(Kinds.STATISTICS)))
        .collect(Collectors.toSet());
  }

  /** Where the statistics have all calls, the slow ones among them do not count twice. */
  private static List<KernelEvent> counted(Key by, List<KernelEvent> wanted) {
    boolean statistics =
        STATISTICS_KEY.filter(by::equals).isPresent()
            && wanted.stream().anyMatch(event -> event.kind().equals(Kinds.STATISTICS));
    return wanted.stream()
        .filter(event -> statistics == event.kind().equals(Kinds.STATISTICS))
        .toList();
  }

  private void printEvents(StandardOutput out, List<KernelEvent> events, int width) {
    if (events.isEmpty()) {
      return;
    }
    EventTable table = new EventTable(false, width);
    out.line(table.header());
    printLines(out, events.stream().map(table::line).iterator());
    if (limit != null && events.size() > limit) {
      out.line("… and " + (events.size() - limit) + " more");
    }
    out.line();
  }

  private void printLines(StandardOutput out, Iterator<String> lines) {
    int most = limit == null ? Integer.MAX_VALUE : limit;
    for (int i = 0; i < most && lines.hasNext() && !out.isClosed(); i++) {
      out.line(lines.next());
    }
  }
}
