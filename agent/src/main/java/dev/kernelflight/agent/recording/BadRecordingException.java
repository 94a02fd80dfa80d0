package dev.kernelflight.agent.recording;

/** A file that cannot be read as a recording; the message says why, and what to do. */
public final class BadRecordingException extends Exception {
  BadRecordingException(String message) {
    super(message);
  }

  BadRecordingException(String message, Throwable cause) {
    super(message, cause);
  }
}
