/** What the kernel can tell of: each source with its hooks and its part of the filter. */
@NullMarked
package dev.kernelflight.bpf.source;

import org.jspecify.annotations.NullMarked;
