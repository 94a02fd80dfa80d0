package dev.kernelflight.agent.kind;

import dev.kernelflight.agent.settings.Requests;
import dev.kernelflight.agent.settings.SettingValues;
import dev.kernelflight.bpf.abi.KernelNames;
import dev.kernelflight.bpf.abi.Wire;
import dev.kernelflight.bpf.source.Signals;
import dev.kernelflight.events.SignalEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/** Signals that reach threads. */
public final class SignalKind extends RecordKind<Signals.Wanted, SignalKind.SignalRecord> {
  private static final Key NAMES =
      new Key("signals", "signals", "SIGNAL", event -> event.text("name"));

  SignalKind() {
    super(SignalEvent.NAME, "signals", "signals", Signals.SOURCE, Wire.EventType.EVENT_SIGNAL);
  }

  /** {@code struct signal_event} of {@code event.h}, and its texts. */
  public static final class SignalRecord extends KernelRecord {
    private static final int SELF = (int) ProcessHandle.current().pid();

    private final KernelNames names = KernelNames.ofThisMachine();

    /** Of this process, which sends most of its signals itself where those are wanted. */
    private @Nullable String ownName;

    private SignalRecord() {}

    @Override
    boolean isWhole(int length) {
      return length >= Wire.SignalEvent.BYTES;
    }

    @Override
    public void fields(Fields fields) {
      fields.text("name", name());
      fields.text("code", code());
      fields.number("senderPid", senderPid());
      fields.number("senderUid", senderUid());
      fields.text("senderName", senderName());
    }

    String name() {
      return names.signal(intAt(Wire.SignalEvent.NUMBER));
    }

    /** As the kernel's {@code siginfo.h} has them for all signals. */
    String code() {
      int code = intAt(Wire.SignalEvent.CODE);
      return switch (code) {
        case 0 -> "SI_USER";
        case 0x80 -> "SI_KERNEL";
        case -1 -> "SI_QUEUE";
        case -2 -> "SI_TIMER";
        case -3 -> "SI_MESGQ";
        case -4 -> "SI_ASYNCIO";
        case -5 -> "SI_SIGIO";
        case -6 -> "SI_TKILL";
        default -> Integer.toString(code);
      };
    }

    int senderPid() {
      return intAt(Wire.SignalEvent.SENDER_PID);
    }

    long senderUid() {
      return senderPid() == SignalEvent.NONE
          ? SignalEvent.NONE
          : Integer.toUnsignedLong(intAt(Wire.SignalEvent.SENDER_UID));
    }

    /** Of a sender that is still there; the number means the same here if it was sent to us. */
    @Nullable String senderName() {
      if (senderPid() <= 0 || pid() != SELF) {
        return null;
      }
      if (senderPid() != SELF) {
        return nameOf(senderPid());
      }
      if (ownName == null) {
        ownName = nameOf(SELF);
      }
      return ownName;
    }

    private static @Nullable String nameOf(int pid) {
      try {
        return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
      } catch (IOException e) {
        return null;
      }
    }
  }

  @Override
  public Class<? extends Event> eventClass() {
    return SignalEvent.class;
  }

  @Override
  public Signals.Wanted wanted(Requests requests) {
    return new Signals.Wanted(
        requests.values(SignalEvent.OWN, "false", SettingValues::flag).contains(true));
  }

  @Override
  public Signals.Wanted wanted(Selection selection) {
    return all();
  }

  @Override
  public Signals.Wanted all() {
    return new Signals.Wanted(true);
  }

  /** Closing a channel wakes the thread that reads from it by a signal. */
  @Override
  public void provoke() throws IOException {
    Pipe pipe = Pipe.open();
    try {
      Thread reader =
          new Thread(() -> {
            try {
              pipe.source().read(ByteBuffer.allocate(1));
            } catch (AsynchronousCloseException e) {
              // by a signal
            } catch (IOException e) {
              // as well
            }
          });
      reader.setDaemon(true);
      reader.start();
      while (reader.getState() == Thread.State.NEW) {
        Thread.onSpinWait();
      }
      Thread.sleep(1);
      pipe.source().close();
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      pipe.sink().close();
    }
  }

  @Override
  public SignalRecord newRecord(Symbols symbols) {
    return new SignalRecord();
  }

  @Override
  public RecordWriter jfrWriter(SignalRecord record, RecordOrigin origin) {
    SignalEvent event = new SignalEvent();
    return () -> {
      event.setTime(origin.startTicks(record));
      if (!event.shouldCommit()) {
        return;
      }
      Thread thread = origin.thread(record);
      event.thread = thread;
      event.osThreadId = record.tid();
      event.osThreadName = origin.osThreadName(record, thread);
      event.name = record.name();
      event.code = record.code();
      event.senderPid = record.senderPid();
      event.senderUid = record.senderUid();
      event.senderName = record.senderName();
      event.commit();
    };
  }

  @Override
  public String what(KernelEvent event) {
    return join(" ", event.text("name"), event.text("code"), sender(event));
  }

  private static @Nullable String sender(KernelEvent event) {
    long pid = event.number("senderPid");
    if (pid == SignalEvent.NONE) {
      return null;
    }
    String name = event.text("senderName");
    return "from "
        + (pid == 0 ? "outside" : "process " + pid)
        + (name == null ? "" : " (" + name + ")")
        + " of user "
        + event.number("senderUid");
  }

  @Override
  public String result(KernelEvent event) {
    return "";
  }

  @Override
  public Optional<Key> key() {
    return Optional.of(NAMES);
  }
}
