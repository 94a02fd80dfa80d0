/**
 * Rules of JDK Mission Control's automated analysis for kernel events. Times are nanoseconds, of
 * the epoch where they are points in time. Rules have no state: one instance is evaluated for
 * several recordings, also at once.
 *
 * <p>The bundle also holds the pages ({@code pages.xml}); {@code plugin.xml} tells Mission Control
 * of both.
 */
@NullMarked
package dev.kernelflight.jmc.rules;

import org.jspecify.annotations.NullMarked;
