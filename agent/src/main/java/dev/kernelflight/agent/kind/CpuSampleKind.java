package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.agent.settings.SettingValues;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.source.CpuSamples;
import dev.kernelflight.events.CpuSampleEvent;
import dev.kernelflight.events.KernelSettings;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/** What CPUs do at regular moments. */
public final class CpuSampleKind extends RecordKind<CpuSamples.Wanted, CpuSampleRecord> {
  static final String USER = "user";
  static final String KERNEL = "kernel";

  private static final String UNKNOWN = "[unknown]";
  private static final int USUAL_FREQUENCY = 99;

  private static final Key FUNCTIONS =
      new Key("functions", "kernelFunctions", "KERNEL FUNCTION", CpuSampleKind::function);

  CpuSampleKind() {
    super(
        CpuSampleEvent.NAME,
        "samples",
        "CPU samples",
        CpuSamples.SOURCE,
        Wire.EventType.EVENT_CPU_SAMPLE);
  }

  @Override
  public Class<? extends Event> eventClass() {
    return CpuSampleEvent.class;
  }

  @Override
  public boolean isOnByDefault() {
    return false;
  }

  /** As often as the most demanding one asks for. */
  @Override
  public CpuSamples.Wanted wanted(Requests requests) {
    return new CpuSamples.Wanted(
        Collections.max(
            requests.values(
                KernelSettings.FREQUENCY,
                CpuSampleEvent.DEFAULT_FREQUENCY,
                SettingValues::frequency)));
  }

  @Override
  public CpuSamples.Wanted wanted(Selection selection) {
    return new CpuSamples.Wanted(selection.frequency());
  }

  @Override
  public CpuSamples.Wanted all() {
    return new CpuSamples.Wanted(USUAL_FREQUENCY);
  }

  @Override
  public CpuSampleRecord newRecord(Symbols symbols) {
    return new CpuSampleRecord(symbols);
  }

  @Override
  public RecordWriter jfrWriter(CpuSampleRecord record, RecordOrigin origin) {
    CpuSampleEvent event = new CpuSampleEvent();
    return () -> {
      event.setTime(origin.startTicks(record));
      if (!event.shouldCommit()) {
        return;
      }
      Thread thread = origin.thread(record);
      event.thread = thread;
      event.osThreadId = record.tid();
      event.osThreadName = origin.osThreadName(record, thread);
      event.mode = record.mode();
      event.kernelFunction = record.function();
      event.kernelStack = record.stackText();
      event.cpu = record.cpu();
      event.commit();
    };
  }

  @Override
  public List<String> shares() {
    return List.of(USER, KERNEL);
  }

  /** From the innermost function outwards. */
  @Override
  public String what(KernelEvent event) {
    String stack = event.text("kernelStack");
    return join(
        " ", event.text("mode"), stack == null ? function(event) : stack.replace("\n", " < "));
  }

  /** Of a sample in the kernel. */
  private static @Nullable String function(KernelEvent event) {
    return KERNEL.equals(event.text("mode"))
        ? Objects.requireNonNullElse(event.text("kernelFunction"), UNKNOWN)
        : null;
  }

  @Override
  public String result(KernelEvent event) {
    return "cpu " + event.number("cpu");
  }

  @Override
  public Optional<Key> key() {
    return Optional.of(FUNCTIONS);
  }
}
