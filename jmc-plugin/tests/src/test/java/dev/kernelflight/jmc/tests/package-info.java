/**
 * The plug-in as Mission Control gets it: rules on recordings of the packaged agent, the parser's
 * extension, pages, OSGi bundles and the update site.
 */
@NullMarked
package dev.kernelflight.jmc.tests;

import org.jspecify.annotations.NullMarked;
