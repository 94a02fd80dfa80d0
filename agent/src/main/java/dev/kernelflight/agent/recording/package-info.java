/**
 * Recordings read back: a {@code .jfr} file as kernel events, by JDK Mission Control's parser. Only
 * the command line uses it; nothing of it loads in a traced JVM.
 */
@NullMarked
package dev.kernelflight.agent.recording;

import org.jspecify.annotations.NullMarked;
