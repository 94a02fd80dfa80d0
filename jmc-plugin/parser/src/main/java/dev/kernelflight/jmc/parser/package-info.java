/**
 * What JDK Mission Control's parser does not know of kernel events: the lanes of threads that are
 * no Java threads, and which numbers can be added up. Events of other types are left alone.
 */
@NullMarked
package dev.kernelflight.jmc.parser;

import org.jspecify.annotations.NullMarked;
