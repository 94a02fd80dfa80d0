/**
 * What a record's numbers mean to the JVM: kernel thread ids as Java threads, kernel time as JFR
 * ticks.
 */
@NullMarked
package dev.kernelflight.agent.enrich;

import org.jspecify.annotations.NullMarked;
