package dev.kernelflight.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.abi.Architecture;
import dev.kernelflight.bpf.elf.Btf;
import dev.kernelflight.bpf.elf.Btf.Member;
import dev.kernelflight.bpf.elf.Btf.Struct;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What this module's Java side takes for granted of event.h, against the objects' own BTF. */
class WireFormatTest {
  @ParameterizedTest
  @EnumSource
  void filter(Architecture architecture) throws Exception {
    Btf btf = Tracer.loadObject(architecture).btf();
    Struct filter = btf.struct("filter");
    assertThat(filter.member("agent_tid").offset()).isEqualTo(Filter.AGENT_TID);
    assertThat(btf.size(filter.member("agent_tid").typeId())).isEqualTo(Integer.BYTES);
    assertThat(filter.member("file_open_threshold").offset()).isEqualTo(Filter.FILE_OPEN_THRESHOLD);
    assertThat(btf.size(filter.member("file_open_threshold").typeId())).isEqualTo(Long.BYTES);
    assertThat(filter.member("wanted").offset()).isEqualTo(Filter.WANTED);
    assertThat(filter.member("period").offset()).isEqualTo(Filter.PERIOD);
    assertThat(filter.member("open_epoch").offset()).isEqualTo(Filter.OPEN_EPOCH);
    assertThat(filter.member("call_epoch").offset()).isEqualTo(Filter.CALL_EPOCH);
    assertThat(filter.member("syscall_threshold").offset()).isEqualTo(Filter.SYSCALL_THRESHOLD);
    assertThat(filter.member("syscalls").offset()).isEqualTo(Filter.SYSCALLS);
    assertThat(btf.size(filter.member("syscalls").typeId())).isEqualTo(Filter.MAX_SYSCALLS / 8);
    assertThat(filter.member("prefix_count").offset()).isEqualTo(Filter.PREFIX_COUNT);
    assertThat(filter.member("prefixes").offset()).isEqualTo(Filter.PREFIXES);
    assertThat(btf.size(filter.member("prefixes").typeId()))
        .isEqualTo(Filter.MOST_PREFIXES * 2 * Filter.PREFIX_BYTES);
    Struct prefix = btf.struct("path_prefix");
    assertThat(prefix.member("value").offset()).isZero();
    assertThat(prefix.member("mask").offset()).isEqualTo(Filter.PREFIX_BYTES);
    assertThat(filter.size()).isEqualTo(Filter.BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void carriers(Architecture architecture) throws Exception {
    var object = Tracer.loadObject(architecture);
    Struct carrier = object.btf().struct("carrier");
    assertThat(carrier.member("tid").offset()).isEqualTo(Carriers.TID);
    assertThat(carrier.member("current_id").offset()).isEqualTo(Carriers.CURRENT_ID);
    assertThat(carrier.size()).isEqualTo(Carriers.SLOT_BYTES);
    var variables = requireNonNull(object.variables().get(".bss"));
    assertThat(variables.variable("carriers").size()).isEqualTo(Carriers.BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void batches(Architecture architecture) throws Exception {
    var object = Tracer.loadObject(architecture);
    Btf btf = object.btf();
    Struct batch = btf.struct("batch");
    for (String count : List.of("used", "records", "busy")) {
      assertThat(btf.size(batch.member(count).typeId())).as(count).isEqualTo(Integer.BYTES);
    }
    assertThat(batch.member("used").offset()).isEqualTo(Batches.USED);
    assertThat(batch.member("records").offset()).isEqualTo(Batches.RECORDS);
    assertThat(batch.member("busy").offset()).isEqualTo(Batches.BUSY);
    assertThat(batch.member("data").offset()).isEqualTo(Batches.DATA);
    assertThat(btf.size(batch.member("data").typeId())).isEqualTo(Batches.SPACE);
    assertThat(batch.size()).isEqualTo(Batches.BYTES);
    // as declared for one CPU
    assertThat(requireNonNull(object.maps().get(Batches.MAP)).maxEntries())
        .isEqualTo(Batches.OF_CPU);

    Struct event = btf.struct("event");
    assertThat(event.size()).isEqualTo(RecordSplitter.HEADER_BYTES);
    assertThat(event.member("size").offset()).isEqualTo(RecordSplitter.SIZE);
    assertThat(btf.size(event.member("size").typeId())).isEqualTo(Integer.BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void statistics(Architecture architecture) throws Exception {
    Btf btf = Tracer.loadObject(architecture).btf();
    Struct statistics = btf.struct("statistics");
    assertThat(statistics.size()).isEqualTo(StatisticsReader.BYTES);
    assertThat(statistics.member("count").offset()).isEqualTo(StatisticsReader.COUNT);
    assertThat(statistics.member("errors").offset()).isEqualTo(StatisticsReader.ERRORS);
    assertThat(statistics.member("total").offset()).isEqualTo(StatisticsReader.TOTAL);
    assertThat(statistics.member("max").offset()).isEqualTo(StatisticsReader.MAX);
    assertThat(statistics.member("period").offset()).isEqualTo(StatisticsReader.PERIOD);
    assertThat(statistics.member("histogram").offset()).isEqualTo(StatisticsReader.HISTOGRAM);
    assertThat(btf.size(statistics.member("histogram").typeId()))
        .isEqualTo(StatisticsReader.BUCKETS * Long.BYTES);
    Struct key = btf.struct("statistics_key");
    assertThat(key.member("tid").offset()).isZero();
    assertThat(key.member("number").offset()).isEqualTo(Integer.BYTES);
    assertThat(key.size()).isEqualTo(2 * Integer.BYTES);
    assertThat(key.size()).isEqualTo(StatisticsReader.KEY_BYTES);
    Struct place = btf.struct("thread_statistics");
    assertThat(place.member("of_calls").offset()).isEqualTo(StatisticsReader.KEY_BYTES);
    assertThat(place.size()).isEqualTo(StatisticsReader.PLACE_BYTES);
    assertThat(
            requireNonNull(Tracer.loadObject(architecture).maps().get(StatisticsReader.BY_NUMBER))
                .maxEntries())
        .as("for one CPU")
        .isEqualTo(Filter.MAX_SYSCALLS);
  }

  @ParameterizedTest
  @EnumSource
  void counters(Architecture architecture) throws Exception {
    Btf btf = Tracer.loadObject(architecture).btf();
    Struct counters = btf.struct("counters");
    Struct ofCpu = btf.struct("cpu_counters");
    assertThat(ofCpu.size()).isEqualTo(Tracer.Counters.CPU_BYTES);
    assertThat(ofCpu.member("of").offset()).isZero();
    assertThat(btf.size(ofCpu.member("of").typeId()))
        .isEqualTo(Tracer.Counters.KINDS * Tracer.Counters.BYTES);
    assertThat(counters.size()).isEqualTo(Tracer.Counters.BYTES);
    assertThat(counters.members()).allMatch(member -> btf.size(member.typeId()) == Long.BYTES);

    // each member holds its own offset, behind the counters of another CPU
    MemorySegment memory = MemorySegment.ofArray(new long[2 * counters.size() / Long.BYTES]);
    for (Member member : counters.members()) {
      memory.set(JAVA_LONG, counters.size() + member.offset(), 100 + member.offset());
    }
    Tracer.Counters read = Tracer.Counters.read(memory, counters.size());
    assertThat(read.sent()).isEqualTo(100 + counters.member("sent").offset());
    assertThat(read.lost()).isEqualTo(100 + counters.member("lost").offset());
    assertThat(read.filtered()).isEqualTo(100 + counters.member("filtered").offset());
    assertThat(read.unpaired()).isEqualTo(100 + counters.member("unpaired").offset());
    assertThat(read.untracked()).isEqualTo(100 + counters.member("untracked").offset());
    assertThat(read.compat()).isEqualTo(100 + counters.member("compat").offset());
  }

  @ParameterizedTest
  @EnumSource
  void variablesAndConstants(Architecture architecture) throws Exception {
    var object = Tracer.loadObject(architecture);
    assertThat(object.variables().keySet()).containsExactlyInAnyOrder(".rodata", ".bss");
    var constants = requireNonNull(object.variables().get(".rodata"));
    assertThat(constants.variables().keySet())
        .contains(
            "pid_namespace_dev",
            "pid_namespace_ino",
            "use_ring_buffer",
            "wakeup_bytes",
            "scope",
            "target_pid",
            "initial_pid_namespace",
            "compat_status_offset");
    assertThat(constants.variable("pid_namespace_dev").size()).isEqualTo(Long.BYTES);
    assertThat(constants.variable("use_ring_buffer").size()).isEqualTo(Integer.BYTES);
    assertThat(requireNonNull(object.variables().get(".bss")).variable("filter").size())
        .isEqualTo(object.btf().struct("filter").size());
  }
}
