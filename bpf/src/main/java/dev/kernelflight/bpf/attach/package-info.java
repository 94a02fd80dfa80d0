/**
 * Hooks: the places of the kernel where programs run. Candidates are tried in the order of their
 * cost, the first that the kernel accepts wins, and every refusal is kept with its reason. Kernel
 * versions are never compared.
 */
@NullMarked
package dev.kernelflight.bpf.attach;

import org.jspecify.annotations.NullMarked;
