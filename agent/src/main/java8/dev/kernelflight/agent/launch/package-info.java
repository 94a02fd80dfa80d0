/** What any JVM can load: the jar's entry points. They depend on nothing but the oldest Java. */
package dev.kernelflight.agent.launch;
