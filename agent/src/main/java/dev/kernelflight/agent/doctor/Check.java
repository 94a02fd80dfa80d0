package dev.kernelflight.agent.doctor;

import dev.kernelflight.agent.Diagnosis;

/**
 * One thing that doctor has looked at.
 *
 * @param name in one word, for scripts as well as for people
 * @param finding what was found
 * @param advice what to do about it; empty where there is nothing to do
 */
public record Check(String name, Status status, String finding, String advice) {
  /** What it means for kernel events. */
  public enum Status {
    /** As it should be. */
    OK,
    /** Kernel events work all the same, or that is not known from here. */
    WARN,
    /** In the way of kernel events. */
    FAIL
  }

  static Check ok(String name, String finding) {
    return new Check(name, Status.OK, finding, "");
  }

  static Check warn(String name, String finding, String advice) {
    return new Check(name, Status.WARN, finding, advice);
  }

  static Check fail(String name, String finding, String advice) {
    return new Check(name, Status.FAIL, finding, advice);
  }

  /** What could not be done, with what the kernel answered. */
  static Check failed(String name, Status status, Throwable failure) {
    Diagnosis diagnosis = Diagnosis.of(failure);
    return new Check(name, status, diagnosis.problem(), diagnosis.advice());
  }

  public boolean isFailure() {
    return status == Status.FAIL;
  }
}
