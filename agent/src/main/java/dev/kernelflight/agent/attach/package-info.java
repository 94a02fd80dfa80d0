/** Other JVMs: whether they can take the agent, loading it, and fetching what it recorded. */
@NullMarked
package dev.kernelflight.agent.attach;

import org.jspecify.annotations.NullMarked;
