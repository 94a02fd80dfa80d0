/**
 * Measures what the agent costs, and prints it as one table beside the goals. {@code Main} runs the
 * scenarios; the load that they measure runs in JVMs of its own, see {@code workload}.
 */
@NullMarked
package dev.kernelflight.benchmarks;

import org.jspecify.annotations.NullMarked;
