package dev.kernelflight.agent.kind;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What events can be counted by.
 *
 * @param option its name on the command line, a plural
 * @param json its name in JSON, a plural
 * @param title of a column
 * @param of an event's, or null where it has none
 */
public record Key(
    String option, String json, String title, Function<KernelEvent, @Nullable String> of) {}
