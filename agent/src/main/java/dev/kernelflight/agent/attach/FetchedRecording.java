package dev.kernelflight.agent.attach;

import dev.kernelflight.agent.kind.KernelEvent;
import dev.kernelflight.agent.kind.Kinds;
import dev.kernelflight.agent.recording.BadRecordingException;
import dev.kernelflight.agent.recording.KernelRecording;
import dev.kernelflight.agent.show.Summary;
import java.nio.file.Path;
import java.util.List;

/** What a fetched recording holds, to tell whoever made it that it was worth it. */
public final class FetchedRecording {
  private FetchedRecording() {}

  /**
   * In one line.
   *
   * @param file by which it is reached
   * @param shown its name for people
   * @throws CommandFailedException if it cannot be read, or nothing was traced
   */
  public static String summary(Path file, Path shown) throws CommandFailedException {
    KernelRecording recording;
    try {
      recording = KernelRecording.load(file, KernelRecording.Scope.KERNEL, (read, of) -> {});
    } catch (BadRecordingException e) {
      String reason = String.valueOf(e.getMessage()).replace(file.toString(), shown.toString());
      throw new CommandFailedException(shown + " was fetched, but " + reason);
    } catch (OutOfMemoryError e) {
      return "fetched; it is too large to be counted here, jfr summary does";
    }
    if (recording.damage() != null) {
      throw new CommandFailedException(
          shown + " was fetched, but is damaged: " + recording.damage() + "; record again");
    }
    List<KernelEvent> events = recording.events();
    if (events.stream().noneMatch(FetchedRecording::isHook)) {
      throw new CommandFailedException(
          shown
              + " holds no kernel events: no probe was attached. Either its settings switch them all"
              + " off, or the agent gave up; what it has to say is on the standard error of the JVM.");
    }
    return new Summary(events, events.stream().filter(e -> e.kind().isUsual()).toList(), 0).line();
  }

  private static boolean isHook(KernelEvent event) {
    return event.kind().equals(Kinds.PROBE) && !"none".equals(event.text("hook"));
  }
}
