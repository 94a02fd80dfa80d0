package dev.kernelflight.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.bpf.LocalSession.Buffer;
import dev.kernelflight.bpf.LocalSession.Options;
import dev.kernelflight.bpf.attach.HookKind;
import dev.kernelflight.bpf.source.Demand;
import dev.kernelflight.bpf.source.FileOpens;
import dev.kernelflight.bpf.sys.CurrentProcess;
import dev.kernelflight.bpf.sys.Epoll;
import dev.kernelflight.bpf.sys.KernelObjects;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A JVM that is killed leaves nothing in the kernel. */
@KernelTest
class KilledTest {
  /** The JVM that is killed: traces, says what it holds, and waits. */
  static final class Traces {
    private Traces() {}

    public static void main(String[] args) throws Exception {
      try (Epoll epoll = new Epoll();
          Session session = LocalSession.open(options(args[0]), CurrentProcess.threadId(), epoll)) {
        session.follow(Demand.of(FileOpens.SOURCE, FileOpens.Wanted.ALL));
        for (KernelObjects.Id id : KernelObjects.held()) {
          System.out.println(id.kind() + " " + id.number());
        }
        System.out.println("end");
        System.in.read();
      }
    }
  }

  private static Options options(String kind) {
    return new Options(Optional.of(HookKind.valueOf(kind)), Buffer.PERF, 16);
  }

  static List<Options> setups() throws Exception {
    return SessionTest.setups().stream().filter(o -> o.buffer() == Buffer.PERF).toList();
  }

  @ParameterizedTest
  @MethodSource("setups")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void nothingIsLeft(Options options) throws Exception {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Traces.class.getName(),
                options.attach().orElseThrow().name())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<KernelObjects.Id> held = new ArrayList<>();
    try (BufferedReader lines = jvm.inputReader()) {
      for (String line = lines.readLine(); !"end".equals(line); line = lines.readLine()) {
        assertThat(line).as("the JVM ended by itself").isNotNull();
        String[] words = line.split(" ", -1);
        held.add(
            new KernelObjects.Id(KernelObjects.Kind.valueOf(words[0]), Integer.parseInt(words[1])));
      }
      assertThat(held)
          .extracting(KernelObjects.Id::kind)
          .contains(KernelObjects.Kind.PROGRAM, KernelObjects.Kind.MAP);
      assertThat(held).allMatch(KernelObjects.Id::exists);
    } finally {
      jvm.destroyForcibly().waitFor();
    }
    // the kernel takes its time after the last descriptor is closed
    for (KernelObjects.Id id : held) {
      while (id.exists()) {
        Thread.sleep(10);
      }
    }
  }
}
