/**
 * Where the JVM enters the agent, and where its parts are wired together. A failure in here never
 * reaches the application unless it asked for that with {@code required=true}.
 */
@NullMarked
package dev.kernelflight.agent;

import org.jspecify.annotations.NullMarked;
