package dev.kernelflight.agenttests.apps;

import static java.util.Objects.requireNonNull;

import dev.kernelflight.events.KernelTracing;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.management.jfr.FlightRecorderMXBean;
import org.jspecify.annotations.Nullable;

/** Does what it is told on standard input, line by line; its exit code is 3. */
public final class Conductor {
  private final Map<String, Recording> recordings = new HashMap<>();
  private final Waiting waiting = new Waiting();
  private @Nullable NamedThreads threads;
  private final Descriptors descriptors = new Descriptors();
  private final SpareThreads spareThreads = new SpareThreads();
  private @Nullable KernelTracing tracing;

  private Conductor() {}

  /** No arguments. */
  public static void main(String[] args) throws IOException {
    Conductor conductor = new Conductor();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        System.out.println("ok " + conductor.obey(line));
      } catch (Exception e) {
        System.out.println(e);
      }
    }
    System.exit(3);
  }

  private String obey(String line) throws Exception {
    String[] words = line.split(" ", -1);
    switch (words[0]) {
      case "open" -> open(words[1]);
      case "open-by-threads" -> threads().open(words[1]);
      case "start" -> {
        Recording recording = new Recording();
        recordings.put(words[1], recording);
        for (int i = 2; i < words.length; i++) {
          if (words[i].contains("=")) {
            set(recording, words[i]);
          } else {
            recording.disable(words[i]);
          }
        }
        recording.start();
      }
      case "set" -> set(recording(words[1]), words[2]);
      case "set-by-bean" -> setByBean(recording(words[1]), words[2]);
      case "call" -> {
        return SystemCalls.call(Integer.parseInt(words[1]), words[2], words, 3);
      }
      case "sleep" -> SystemCalls.sleep(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      case "churn" -> SystemCalls.churn(Integer.parseInt(words[1]));
      case "threads-call" ->
          SystemCalls.inThreads(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      // the agent looks at the settings once a second
      case "await-settings" -> java.util.concurrent.TimeUnit.MILLISECONDS.sleep(4_000);
      case "wait-in-read" -> {
        return waiting.inRead();
      }
      case "wait-in-futex" -> {
        return waiting.inFutex();
      }
      case "interrupt" -> waiting.interrupt(words[1]);
      case "release" -> waiting.release();
      case "end-first-thread" -> LibC.endFirstThread();
      case "run" -> {
        return String.valueOf(new ProcessBuilder(words[1]).start().waitFor());
      }
      case "become-shell" -> SystemCalls.becomeShell(line.substring("become-shell ".length()));
      case "take-all-descriptors" -> descriptors.takeAll();
      case "give-descriptors-back" -> descriptors.giveBack();
      case "take-all-threads" -> spareThreads.takeAll();
      case "give-threads-back" -> spareThreads.giveBack();
      case "open-while-heap-full" -> {
        return String.valueOf(new FullHeap().openWhileFull(words[1], Integer.parseInt(words[2])));
      }
      case "rename" -> Thread.currentThread().setName(words[1]);
      case "burn" -> SystemCalls.burn();
      case "block" -> SystemCalls.blockInRead();
      // as some servers do, so that jars can be replaced
      case "uncached" -> URLConnection.setDefaultUseCaches("jar", false);
      case "require" -> tracing = KernelTracing.require(Arrays.copyOfRange(words, 1, words.length));
      case "require-complete" -> requireNonNull(tracing).requireComplete();
      case "enable" -> recording(words[1]).enable(words[2]);
      case "disable" -> recording(words[1]).disable(words[2]);
      case "dump" -> recording(words[1]).dump(Path.of(words[2]));
      case "stop" -> {
        Recording recording = recording(words[1]);
        recording.stop();
        recording.dump(Path.of(words[2]));
        recording.close();
        recordings.remove(words[1]);
      }
      case "threads" -> {
        File[] tasks = new File("/proc/self/task").listFiles();
        return String.valueOf(tasks == null ? -1 : tasks.length);
      }
      default -> throw new IllegalArgumentException(words[0]);
    }
    return "";
  }

  private NamedThreads threads() {
    NamedThreads known = threads;
    if (known == null) {
      known = new NamedThreads();
      threads = known;
    }
    return known;
  }

  private static void setByBean(Recording recording, String setting) {
    int equals = setting.indexOf('=');
    FlightRecorderMXBean bean = ManagementFactory.getPlatformMXBean(FlightRecorderMXBean.class);
    Map<String, String> settings = new HashMap<>(bean.getRecordingSettings(recording.getId()));
    settings.put(setting.substring(0, equals), setting.substring(equals + 1));
    bean.setRecordingSettings(recording.getId(), settings);
  }

  private static void set(Recording recording, String setting) {
    int equals = setting.indexOf('=');
    Map<String, String> settings = new HashMap<>(recording.getSettings());
    settings.put(setting.substring(0, equals), setting.substring(equals + 1));
    // where no recording says so JFR takes the settings of one of them only
    settings.putIfAbsent(setting.substring(0, setting.indexOf('#')) + "#enabled", "true");
    recording.setSettings(settings);
  }

  private Recording recording(String name) {
    Recording recording = recordings.get(name);
    if (recording == null) {
      throw new IllegalArgumentException("no recording " + name);
    }
    return recording;
  }

  private static void open(String path) throws IOException {
    try (FileInputStream in = new FileInputStream(path)) {
      in.read();
    } catch (FileNotFoundException e) {
      // an open all the same
    }
  }
}
