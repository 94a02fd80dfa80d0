/** Kernel events and findings as text, JSON or HTML, fit for a terminal whoever wrote them. */
@NullMarked
package dev.kernelflight.agent.show;

import org.jspecify.annotations.NullMarked;
