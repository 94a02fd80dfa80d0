/** The one drain loop: from a session's buffers to a sink, record by record, where they lie. */
@NullMarked
package dev.kernelflight.agent.pump;

import org.jspecify.annotations.NullMarked;
