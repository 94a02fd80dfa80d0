/**
 * Advice that Byte Buddy weaves into the JDK's own classes, and the class that such advice reads.
 * Nothing of this is loaded before it is needed.
 */
@NullMarked
package dev.kernelflight.agent.stacks;

import org.jspecify.annotations.NullMarked;
