/** Applications with one disease each, and a healthy one. Each says "done" when it is. */
@NullMarked
package dev.kernelflight.jmc.tests.apps;

import org.jspecify.annotations.NullMarked;
