/**
 * Starts JVMs with the packaged agent, as a user does, and reads back what they printed and
 * recorded. Runs from a plain class path too: the system property {@code kernelflight.agent.jar}
 * says where the jar is, and nothing is written outside temporary directories.
 */
@NullMarked
package dev.kernelflight.agenttests;

import org.jspecify.annotations.NullMarked;
