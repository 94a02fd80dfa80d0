/**
 * Records of the wire format, read where they lie: flyweights over memory, which hold no copy and
 * are moved from record to record.
 */
@NullMarked
package dev.kernelflight.agent.decode;

import org.jspecify.annotations.NullMarked;
