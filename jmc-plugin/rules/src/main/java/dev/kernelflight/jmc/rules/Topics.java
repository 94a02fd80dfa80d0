package dev.kernelflight.jmc.rules;

/** Topics of the rules; each is that of a page, which shows the results of its rules. */
final class Topics {
  static final String FILE_OPENS = "kernel_file_opens";
  static final String SYSTEM_CALLS = "kernel_system_calls";
  static final String STATISTICS = "kernel_statistics";
  static final String CPU_SAMPLES = "kernel_cpu_samples";
  static final String RECORDING = "kernel_recording";

  private Topics() {}
}
