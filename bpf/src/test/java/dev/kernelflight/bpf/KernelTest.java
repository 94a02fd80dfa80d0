package dev.kernelflight.bpf;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that traces with the running kernel. Where that is impossible it is skipped, and says why
 * in the words of whatever refused; where the environment has {@code
 * KERNELFLIGHT_KERNEL_TESTS=required} it fails instead.
 */
@Tag("kernel")
@ExtendWith(KernelCondition.class)
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
public @interface KernelTest {}
