package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.agenttests.KernelTracing;
import dev.kernelflight.jmc.tests.apps.Healthy;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.IMCThread;
import org.openjdk.jmc.common.item.Attribute;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemIterable;
import org.openjdk.jmc.common.item.ItemFilters;
import org.openjdk.jmc.common.item.ItemToolkit;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.UnitLookup;
import org.openjdk.jmc.flightrecorder.JfrAttributes;

/** Mission Control has a lane for each thread: kernel events are in the right one. */
@Tag("kernel")
class ThreadLanesTest {
  private static final IAttribute<String> OS_THREAD_NAME =
      Attribute.attr("osThreadName", "", UnitLookup.PLAIN_TEXT);
  private static final IAttribute<IQuantity> OS_THREAD_ID =
      Attribute.attr("osThreadId", "", UnitLookup.NUMBER);

  @TempDir static Path temp;
  private static IItemCollection items;

  @BeforeAll
  static void record() {
    KernelTracing.require();
    Path file = temp.resolve("recording.jfr");
    // also calls that take no time: no thread of the VM is certain to wait for long
    Recordings.recorded(file, ",+kernel.Syscall#threshold=0ms", Healthy.class, temp)
        // a thread that starts later has the kernel's name of the one that starts it for a moment
        .jvm("-XX:+UseSerialGC", "-XX:-UseDynamicNumberOfCompilerThreads")
        .run();
    items = Recordings.load(file);
  }

  @Test
  void threadsOfTheVmHaveTheLanesThatJfrGivesThem() {
    List<IItem> ofVm =
        of(items, "kernel.FileOpen", "kernel.Syscall")
            .filter(event -> get(event, OS_THREAD_NAME) != null)
            // JFR's and the pool's threads, when the main thread starts them
            .filter(event -> !"java".equals(get(event, OS_THREAD_NAME)))
            .toList();
    assertThat(ofVm).isNotEmpty();
    Map<IMCThread, Long> ids = new HashMap<>();
    assertThat(ofVm)
        .allSatisfy(event -> {
          IMCThread thread = thread(event);
          long id = Objects.requireNonNull(get(event, OS_THREAD_ID)).longValue();
          // the kernel cuts names at 15 bytes
          assertThat(thread.getThreadName()).startsWith(get(event, OS_THREAD_NAME));
          assertThat(ids.computeIfAbsent(thread, t -> id)).isEqualTo(id);
        });
    assertThat(ids.keySet())
        .extracting(thread -> thread.getThreadName().length())
        .anySatisfy(length -> assertThat(length).isGreaterThan(15));
    // one lane with the events that JFR itself has of the thread
    Set<IMCThread> jfrThreads =
        of(items, "jdk.GCPhasePause", "jdk.ExecuteVMOperation")
            .map(ThreadLanesTest::thread)
            .collect(Collectors.toSet());
    assertThat(jfrThreads)
        .filteredOn(thread -> thread.getThreadName().equals("VM Thread"))
        .isNotEmpty();
    assertThat(ids.keySet())
        .filteredOn(thread -> thread.getThreadName().equals("VM Thread"))
        .isSubsetOf(jfrThreads);
  }

  @Test
  void eventsOfTheJdkAreLeftAlone() {
    assertThat(of(items, "jdk.GCPhasePause", "jdk.ThreadPark", "jdk.FileRead"))
        .allSatisfy(
            event -> assertThat(thread(event).getClass().getName()).contains("StructTypes"));
  }

  private static Stream<IItem> of(IItemCollection items, String... types) {
    return items.apply(ItemFilters.type(types)).stream().flatMap(IItemIterable::stream);
  }

  private static IMCThread thread(IItem event) {
    return Objects.requireNonNull(get(event, JfrAttributes.EVENT_THREAD));
  }

  private static <T> @Nullable T get(IItem event, IAttribute<T> attribute) {
    return attribute.getAccessor(ItemToolkit.getItemType(event)).getMember(event);
  }
}
