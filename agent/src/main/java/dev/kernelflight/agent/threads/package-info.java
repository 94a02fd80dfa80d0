/** The Java threads of this process by the kernel's ids: one of each for all who ask. */
@NullMarked
package dev.kernelflight.agent.threads;

import org.jspecify.annotations.NullMarked;
