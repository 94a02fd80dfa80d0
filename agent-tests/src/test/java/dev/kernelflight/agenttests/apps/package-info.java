/** Applications for the tests to run; they know nothing of the agent. */
@NullMarked
package dev.kernelflight.agenttests.apps;

import org.jspecify.annotations.NullMarked;
