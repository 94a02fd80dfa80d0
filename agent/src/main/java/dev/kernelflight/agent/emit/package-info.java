/** Commits records as JFR events. */
@NullMarked
package dev.kernelflight.agent.emit;

import org.jspecify.annotations.NullMarked;
