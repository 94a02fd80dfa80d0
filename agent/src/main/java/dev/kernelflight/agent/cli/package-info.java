/** The command line, {@code java -jar ebpf-agent.jar COMMAND}: one class a command. */
@NullMarked
package dev.kernelflight.agent.cli;

import org.jspecify.annotations.NullMarked;
