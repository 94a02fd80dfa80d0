/**
 * What JFR's settings ask for: the one flow that runs from recordings to the kernel instead of the
 * other way.
 */
@NullMarked
package dev.kernelflight.agent.settings;

import org.jspecify.annotations.NullMarked;
