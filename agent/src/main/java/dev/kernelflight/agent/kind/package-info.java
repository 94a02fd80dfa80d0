/**
 * The kinds of kernel events, one room each: names, what recordings and commands may want, the
 * record as it lies in memory, its words, and how it becomes an event of JFR. {@link
 * dev.kernelflight.agent.kind.Kinds} lists them. Nothing here loads JFR's classes but what writes
 * events: commands run without JFR.
 */
@NullMarked
package dev.kernelflight.agent.kind;

import org.jspecify.annotations.NullMarked;
