package dev.kernelflight.agenttests;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs a test again that failed while the kernel told that it skipped programs: one of the few
 * calls that such a test makes may have been among those. Kernels that do not preempt programs skip
 * none, so that nothing is tried again there.
 */
final class AgainWhereSkipped implements InvocationInterceptor {
  private static final int MOST_TRIES = 3;

  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> test,
      ExtensionContext context)
      throws Throwable {
    run(invocation, test);
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> test,
      ExtensionContext context)
      throws Throwable {
    run(invocation, test);
  }

  private static void run(Invocation<Void> first, ReflectiveInvocationContext<Method> test)
      throws Throwable {
    Invocation<Void> next = first;
    for (int tries = 1; ; tries++) {
      long skippedBefore = Recorded.skippedInAll();
      try {
        next.proceed();
        return;
      } catch (Throwable failure) {
        if (tries == MOST_TRIES || Recorded.skippedInAll() == skippedBefore) {
          throw failure;
        }
        next = () -> invoke(test);
      }
    }
  }

  private static Void invoke(ReflectiveInvocationContext<Method> test) throws Throwable {
    Method method = test.getExecutable();
    method.setAccessible(true);
    try {
      method.invoke(test.getTarget().orElse(null), test.getArguments().toArray());
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    return null;
  }
}
