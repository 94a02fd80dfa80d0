/** Kernel events of running processes as lines or JSON, while they happen. */
@NullMarked
package dev.kernelflight.agent.live;

import org.jspecify.annotations.NullMarked;
