/** JFR: what recordings want, the sink for records, and what the agent tells of its own work. */
@NullMarked
package dev.kernelflight.agent.jfr;

import org.jspecify.annotations.NullMarked;
