package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.Attribute;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.ItemFilters;
import org.openjdk.jmc.common.item.ItemToolkit;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.flightrecorder.JfrAttributes;

/** Threads that real recordings have too, but not whenever a test wants them. */
class ParserExtensionTest {
  private static final int THREADS = 5;

  @TempDir Path temp;

  @Test
  void eachVirtualThreadHasItsOwnLane() throws Exception {
    try (SyntheticRecording recording = new SyntheticRecording()) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        String name = "virtual-" + i;
        threads.add(
            Thread.ofVirtual()
                .name(name)
                .start(() -> {
                  SyntheticRecording.commitOpen(name, Thread.currentThread(), 1, null);
                  SyntheticRecording.commitOpen(name, Thread.currentThread(), 2, null);
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      Map<String, Set<IMCThread>> lanes = lanes(recording.load(temp.resolve("recording.jfr")));
      assertThat(lanes).hasSize(THREADS);
      assertThat(lanes)
          .allSatisfy((name, ofName) ->
              assertThat(ofName)
                  .singleElement()
                  .extracting(IMCThread::getThreadName)
                  .isEqualTo(name));
      assertThat(lanes.values().stream().flatMap(Set::stream).distinct()).hasSize(THREADS);
    }
  }

  @Test
  void aThreadThatTheRecordingDoesNotKnowHasALaneOfTheKernelsName() throws Exception {
    try (SyntheticRecording recording = new SyntheticRecording()) {
      SyntheticRecording.commitOpen("a", null, Integer.MAX_VALUE, "gone");
      SyntheticRecording.commitOpen("b", null, Integer.MAX_VALUE, "gone");
      SyntheticRecording.commitOpen("c", null, Integer.MAX_VALUE - 1, "gone");
      Map<String, Set<IMCThread>> lanes = lanes(recording.load(temp.resolve("recording.jfr")));
      assertThat(lanes.get("a")).extracting(IMCThread::getThreadName).containsExactly("gone");
      assertThat(lanes.get("b")).isEqualTo(lanes.get("a"));
      assertThat(lanes.get("c")).isNotEqualTo(lanes.get("a"));
    }
  }

  @Test
  void aPlatformThreadKeepsItsOwnLane() throws Exception {
    try (SyntheticRecording recording = new SyntheticRecording()) {
      SyntheticRecording.commitOpen("a", Thread.currentThread(), 1, null);
      SyntheticRecording.commitOneOfEach();
      IItemCollection items = recording.load(temp.resolve("recording.jfr"));
      Set<IMCThread> ofProbe = threads(items.apply(ItemFilters.type("kernel.Probe")));
      assertThat(lanes(items).get("a")).isEqualTo(ofProbe);
    }
  }

  private static Map<String, Set<IMCThread>> lanes(IItemCollection items) {
    Map<String, Set<IMCThread>> lanes = new HashMap<>();
    items.apply(ItemFilters.type("kernel.FileOpen")).stream()
        .flatMap(iterable -> iterable.stream())
        .forEach(open -> {
          String path =
              Attribute.attr("path", "", UnitLookup.PLAIN_TEXT)
                  .getAccessor(ItemToolkit.getItemType(open))
                  .getMember(open);
          if (path != null) {
            lanes
                .computeIfAbsent(path, p -> new HashSet<>())
                .add(
                    JfrAttributes.EVENT_THREAD
                        .getAccessor(ItemToolkit.getItemType(open))
                        .getMember(open));
          }
        });
    return lanes;
  }

  private static Set<IMCThread> threads(IItemCollection items) {
    return Set.copyOf(
        items.stream()
            .flatMap(iterable -> iterable.stream())
            .map(event ->
                Objects.requireNonNull(
                    JfrAttributes.EVENT_THREAD
                        .getAccessor(ItemToolkit.getItemType(event))
                        .getMember(event)))
            .toList());
  }
}
