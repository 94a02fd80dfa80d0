package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.item.Aggregators;
import org.openjdk.jmc.common.item.IAttribute;
import org.openjdk.jmc.common.item.IItemCollection;
import org.openjdk.jmc.common.item.IItemFilter;
import org.openjdk.jmc.common.item.IItemIterable;
import org.openjdk.jmc.common.item.PersistableItemFilter;
import org.openjdk.jmc.common.unit.IQuantity;
import org.openjdk.jmc.common.unit.KindOfQuantity;
import org.openjdk.jmc.common.unit.LinearKindOfQuantity;
import org.openjdk.jmc.common.util.StateToolkit;
import org.openjdk.jmc.common.util.StatefulState;
import org.openjdk.jmc.flightrecorder.rules.IRule;

/**
 * What pages.xml names exists: event types, and attributes as the parser makes them with the
 * plug-in's extension. It is read by Mission Control's own reader. What its user interface expects
 * of the result (elements, ids of columns) is written down here, since that is not on Maven
 * Central.
 */
class PagesTest {
  private static final String ITEM_HANDLER = "org.openjdk.jmc.flightrecorder.ui.itemhandler";
  private static final String THREADS = "org.openjdk.jmc.flightrecorder.ui.threads";
  private static final List<String> HISTOGRAM_COLUMNS =
      List.of("itemhistogram.key", "itemhistogram.count");
  private static final Pattern AGGREGATE = Pattern.compile("(SUM|AVG|MIN|MAX|STDDEVP)(.*)");

  @TempDir static Path temp;
  private static IItemCollection events;
  private static Map<String, StatefulState> pages;

  @BeforeAll
  static void load() throws Exception {
    try (SyntheticRecording recording = new SyntheticRecording()) {
      SyntheticRecording.commitOneOfEach();
      events = recording.load(temp.resolve("recording.jfr"));
    }
    pages = new HashMap<>();
    try (Reader xml =
        new InputStreamReader(
            Objects.requireNonNull(PagesTest.class.getResourceAsStream("/pages.xml")),
            StandardCharsets.UTF_8)) {
      StatefulState root =
          StatefulState.create(state -> {
            try {
              StateToolkit.saveXMLDocumentTo(xml, state);
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
      collect(root);
    }
  }

  private static void collect(StatefulState parent) {
    for (StatefulState page : parent.getChildren("page")) {
      assertThat(pages.put(page.getAttribute("id"), page)).as("two of that id").isNull();
      collect(page);
    }
  }

  @Test
  void allAreBelowKernel() {
    StatefulState kernel = Objects.requireNonNull(pages.get("dev.kernelflight.jmc.kernel"));
    assertThat(name(kernel)).isEqualTo("Kernel");
    assertThat(Stream.of(kernel.getChildren("page")).map(PagesTest::name))
        .containsExactly(
            "File Opens",
            "System Calls",
            "Statistics",
            "Threads",
            "Signals",
            "CPU Samples in the Kernel");
    assertThat(pages).hasSize(7);
  }

  @Test
  void everyEventTypeExists() {
    Set<String> existing =
        FlightRecorder.getFlightRecorder().getEventTypes().stream()
            .map(EventType::getName)
            .collect(Collectors.toSet());
    assertThat(existing).contains("kernel.FileOpen", "kernel.CpuSample");
    Set<String> named = new TreeSet<>();
    pages.values().forEach(page -> attributes(page.getChild("state"), "TYPE", "type", named));
    assertThat(named).contains("kernel.FileOpen", "kernel.CpuSample", "jdk.FileRead");
    assertThat(existing).containsAll(named);
  }

  private static void attributes(
      StatefulState state, String kind, String attribute, Set<String> values) {
    if (kind.equals(state.getAttribute("kind"))) {
      values.add(state.getAttribute(attribute));
    }
    Stream.of(state.getChildren()).forEach(child -> attributes(child, kind, attribute, values));
  }

  @Test
  void everyPageFindsItsEvents() {
    for (StatefulState page : itemPages()) {
      IItemFilter filter = PersistableItemFilter.readFrom(state(page).getChild("pageFilter"));
      assertThat(filter).as(name(page)).isNotNull();
      assertThat(attributesOf(page)).as(name(page)).isNotEmpty();
    }
  }

  @Test
  void everyColumnExists() {
    for (StatefulState page : itemPages()) {
      Map<String, IAttribute<?>> attributes = attributesOf(page);
      StatefulState list = child(state(page), "listAndChart", "listSettings");
      assertThat(columns(list))
          .as(name(page))
          .isNotEmpty()
          .allSatisfy(column -> assertThat(attributes).containsKey(column));
      assertThat(columns(list)).contains(list.getAttribute("sortColumn"));
      // nothing that the list could show is missing from it
      assertThat(columns(list).size()).isLessThanOrEqualTo(attributes.size());
    }
  }

  @Test
  void everyHistogramGroupsAndAddsUpWhatExists() {
    for (StatefulState page : itemPages()) {
      assertHistogram(page, state(page).getChild("histogram"));
    }
  }

  private static void assertHistogram(StatefulState page, StatefulState histogram) {
    Map<String, IAttribute<?>> attributes = attributesOf(page);
    assertThat(attributes.values())
        .as(name(page))
        .anyMatch(attribute -> attribute.getIdentifier().equals(histogram.getAttribute("groupBy")));
    StatefulState table = histogram.getChild("table");
    assertThat(columns(table)).contains(table.getAttribute("sortColumn"));
    for (String column : columns(table)) {
      Matcher aggregate = AGGREGATE.matcher(column);
      if (!HISTOGRAM_COLUMNS.contains(column)) {
        assertThat(aggregate.matches()).as(column).isTrue();
        IAttribute<?> attribute = attributes.get(aggregate.group(2));
        assertThat(attribute).as(name(page) + ": " + column).isNotNull();
        Class<?> kind =
            aggregate.group(1).equals("SUM") ? LinearKindOfQuantity.class : KindOfQuantity.class;
        assertThat(attribute.getContentType()).as(column).isInstanceOf(kind);
      }
    }
    for (StatefulState child : histogram.getChildren("child")) {
      assertThat(child.getAttribute("parentGroupBy")).isEqualTo(histogram.getAttribute("groupBy"));
      assertHistogram(page, child);
    }
  }

  /** The count of kernel.EventsLost is -1 where nobody counted: no page may add that up. */
  @Test
  void noPageAddsUpWhatWasLost() {
    for (StatefulState page : itemPages()) {
      Set<String> types = new TreeSet<>();
      StatefulState filter = state(page).getChild("pageFilter");
      attributes(filter, "TYPE", "type", types);
      attributes(filter, "TYPE_MATCHES", "typeMatches", types);
      if (types.stream().anyMatch("kernel.EventsLost"::matches)) {
        assertThat(columns(state(page).getChild("histogram").getChild("table")))
            .noneMatch(column -> column.matches("(SUM|AVG|MIN|MAX|STDDEVP)count:.*"));
      }
    }
  }

  @Test
  void everyChartShowsWhatExists() {
    for (StatefulState page : itemPages()) {
      Map<String, IAttribute<?>> attributes = attributesOf(page);
      StatefulState chart = child(state(page), "listAndChart", "chartSettings");
      String bars = chart.getAttribute("barChartAttributes");
      for (String bar : bars == null ? new String[0] : bars.split(",", -1)) {
        String[] parts = bar.split(";", -1);
        assertThat(attributes).as(name(page)).containsKey(parts[0]);
        @SuppressWarnings("unchecked")
        IAttribute<IQuantity> attribute = (IAttribute<IQuantity>) attributes.get(parts[0]);
        assertThat(Aggregators.getQuantityAggregator(parts[1], attribute)).as(bar).isNotNull();
      }
      String counts = chart.getAttribute("barChartAggregates");
      assertThat(bars != null || counts != null).as(name(page)).isTrue();
      if (counts != null) {
        assertThat(Aggregators.getQuantityAggregator(counts)).isNotNull();
      }
    }
  }

  @Test
  void everyLaneHasAFilter() {
    StatefulState[] lanes =
        state(Objects.requireNonNull(pages.get("dev.kernelflight.jmc.threads")))
            .getChildren("threadLane");
    assertThat(Stream.of(lanes).map(lane -> lane.getAttribute("name")))
        .contains(
            "Kernel: File Opens",
            "Kernel: Slow System Calls",
            "Java File I/O",
            "Java Socket I/O",
            "Garbage Collection",
            "Safepoints");
    for (StatefulState lane : lanes) {
      if (!"true".equals(lane.getAttribute("isRestLane"))) {
        IItemFilter filter = PersistableItemFilter.readFrom(lane.getChild("filter"));
        assertThat(filter).as(lane.getAttribute("name")).isNotNull();
      }
    }
  }

  @Test
  void iconsArePicturesOf16By16() throws Exception {
    List<String> icons = new ArrayList<>();
    for (StatefulState page : itemPages()) {
      String icon = state(page).getAttribute("icon");
      BufferedImage image =
          ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(icon)));
      assertThat(image.getWidth()).isEqualTo(16);
      assertThat(image.getHeight()).isEqualTo(16);
      icons.add(icon);
    }
    assertThat(icons).doesNotHaveDuplicates();
  }

  @Test
  void everyTopicOfARuleHasAPage() {
    Set<String> topics =
        itemPages().stream()
            .flatMap(page -> Stream.of(state(page).getChildren("topic")))
            .map(topic -> topic.getAttribute("value"))
            .collect(Collectors.toSet());
    assertThat(Recordings.rules().stream().map(IRule::getTopic).collect(Collectors.toSet()))
        .isEqualTo(topics);
  }

  private static List<StatefulState> itemPages() {
    List<StatefulState> itemPages = new ArrayList<>();
    for (StatefulState page : pages.values()) {
      if (page.getAttribute("factory").equals(ITEM_HANDLER)) {
        itemPages.add(page);
      } else {
        assertThat(page.getAttribute("factory")).isEqualTo(THREADS);
      }
    }
    assertThat(itemPages).hasSize(6);
    return itemPages;
  }

  /** What the page's events have, by the ids of columns; asked as the pages ask. */
  @SuppressWarnings("deprecation")
  private static Map<String, IAttribute<?>> attributesOf(StatefulState page) {
    Map<String, IAttribute<?>> attributes = new HashMap<>();
    Set<String> types = new TreeSet<>();
    StatefulState filter = state(page).getChild("pageFilter");
    attributes(filter, "TYPE", "type", types);
    attributes(filter, "TYPE_MATCHES", "typeMatches", types);
    for (IItemIterable iterable : events) {
      if (types.stream().anyMatch(iterable.getType().getIdentifier()::matches)) {
        for (IAttribute<?> attribute : iterable.getType().getAttributes()) {
          attributes.put(
              attribute.getIdentifier() + ":" + attribute.getContentType().getIdentifier(),
              attribute);
        }
      }
    }
    return attributes;
  }

  private static List<String> columns(StatefulState table) {
    return Stream.of(table.getChildren("column")).map(column -> column.getAttribute("id")).toList();
  }

  private static StatefulState child(StatefulState state, String... names) {
    StatefulState child = state;
    for (String name : names) {
      child = Objects.requireNonNull(child.getChild(name), name);
    }
    return child;
  }

  private static StatefulState state(StatefulState page) {
    return Objects.requireNonNull(page.getChild("state"));
  }

  private static String name(StatefulState page) {
    String name = state(page).getAttribute("name");
    // of the page of threads Mission Control gives the name itself
    return name == null ? "Threads" : name;
  }
}
