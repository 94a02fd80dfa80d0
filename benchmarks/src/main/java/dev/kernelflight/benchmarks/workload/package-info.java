/**
 * What the child JVMs run: small programs that measure themselves and print what they saw. They
 * need nothing but the JDK, so that the agent's classes come from its jar alone.
 */
@NullMarked
package dev.kernelflight.benchmarks.workload;

import org.jspecify.annotations.NullMarked;
