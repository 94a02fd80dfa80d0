package dev.kernelflight.agenttests.apps;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import org.jspecify.annotations.Nullable;

/** An agent that throws whenever a class is loaded, as those do that do not know the JDK. */
public final class Thrower implements ClassFileTransformer {
  /** JFR writes large events otherwise than small ones. */
  private static final String LONG = "thrown ".repeat(50);

  private Thrower() {}

  /** No options. */
  public static void premain(@Nullable String options, Instrumentation instrumentation) {
    instrumentation.addTransformer(new Thrower());
  }

  @Override
  public byte[] transform(
      @Nullable ClassLoader loader,
      String name,
      @Nullable Class<?> redefined,
      @Nullable ProtectionDomain domain,
      byte[] bytes) {
    throw new IllegalStateException(LONG + "for " + name);
  }
}
