/** What works on this machine and in a process, each thing tried, and what to do about the rest. */
@NullMarked
package dev.kernelflight.agent.doctor;

import org.jspecify.annotations.NullMarked;
