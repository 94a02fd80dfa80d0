/**
 * The JFR event classes that applications see, and the controls behind their settings. Nothing here
 * knows the kernel: a caller fills in the fields and commits.
 */
@NullMarked
package dev.kernelflight.events;

import org.jspecify.annotations.NullMarked;
