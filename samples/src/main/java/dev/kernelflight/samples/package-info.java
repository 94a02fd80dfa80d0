/**
 * A small application whose work in the kernel is worth recording, to try the agent on. It has no
 * reference to the agent: what it shows, any application would show.
 */
@NullMarked
package dev.kernelflight.samples;

import org.jspecify.annotations.NullMarked;
