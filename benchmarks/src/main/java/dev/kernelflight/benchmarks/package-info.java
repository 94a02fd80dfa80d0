/**
 * JMH benchmarks of what the agent adds: to an operation that is recorded, per record drained, and
 * to the start of the JVM. Times are nanoseconds per operation unless a benchmark says otherwise.
 */
@NullMarked
package dev.kernelflight.benchmarks;

import org.jspecify.annotations.NullMarked;
