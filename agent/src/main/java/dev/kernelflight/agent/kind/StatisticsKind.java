package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.agent.settings.SettingValues;
import dev.kernelflight.bpf.source.SyscallStatistics;
import dev.kernelflight.events.KernelSettings;
import dev.kernelflight.events.SyscallStatisticsEvent;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import jdk.jfr.Event;

/** All system calls of one name in a period; {@link StatisticsEmitter} commits them. */
public final class StatisticsKind extends TracedKind<SyscallStatistics.Wanted> {
  StatisticsKind() {
    super(SyscallStatisticsEvent.NAME, "statistics", "statistics", SyscallStatistics.SOURCE);
  }

  @Override
  public Class<? extends Event> eventClass() {
    return SyscallStatisticsEvent.class;
  }

  @Override
  public SyscallStatistics.Wanted wanted(Requests requests) {
    // JFR follows it, and says nothing where it cannot
    requests.values("period", SyscallStatisticsEvent.DEFAULT_PERIOD, SettingValues::period);
    List<Boolean> byThread =
        requests.values(KernelSettings.BY_THREAD, "false", SettingValues::flag);
    return new SyscallStatistics.Wanted(byThread.contains(true));
  }

  @Override
  public SyscallStatistics.Wanted all() {
    return new SyscallStatistics.Wanted(false);
  }

  @Override
  public boolean isOfThread() {
    return false;
  }

  @Override
  public boolean isUsual() {
    return false;
  }

  @Override
  public String what(KernelEvent event) {
    return String.format(
        Locale.ROOT,
        "%s: %d calls, %s in all; mean %s, p99 %s, longest %s",
        event.text("name"),
        event.number("count"),
        micros(event.number("total")),
        micros(event.number("mean")),
        micros(event.number("p99")),
        micros(event.number("max")));
  }

  @Override
  public String result(KernelEvent event) {
    return event.number("errors") + " failed";
  }

  @Override
  public Optional<Key> key() {
    return Optional.of(SyscallKind.NAMES);
  }

  @Override
  public Tally tally(KernelEvent event) {
    return new Tally(
        event.number("count"), event.number("errors"), event.number("total"), event.number("max"));
  }
}
