package dev.kernelflight.agent.stacks;

import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.takesArgument;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.reflect.Field;
import java.security.ProtectionDomain;
import java.util.function.Consumer;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.modifier.FieldManifestation;
import net.bytebuddy.description.modifier.Ownership;
import net.bytebuddy.description.modifier.Visibility;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.scaffold.subclass.ConstructorStrategy;
import net.bytebuddy.matcher.ElementMatcher;
import org.jspecify.annotations.Nullable;

/**
 * Has {@code java.lang.VirtualThread} tell of every thread that is about to start and that has
 * ended. Its {@code start} and {@code afterDone} run once in a thread's life; what happens at each
 * mount stays as it is.
 */
public final class VirtualThreadAdvice {
  private static final String VIRTUAL_THREAD = "java.lang.VirtualThread";

  /** Defined beside it by {@link #install}: the JDK's classes see no class of an agent. */
  private static final String NEWS = "java.lang.VirtualThreadNews";

  private static final String LISTENER = "listener";

  private static final ElementMatcher.Junction<MethodDescription> STARTS =
      named("start").and(takesArgument(0, named("jdk.internal.vm.ThreadContainer")));

  private static final ElementMatcher.Junction<MethodDescription> ENDS =
      named("afterDone").and(takesArguments(boolean.class));

  private VirtualThreadAdvice() {}

  /** The listener, in a static field of {@link #NEWS}. */
  @Retention(RetentionPolicy.RUNTIME)
  private @interface Listener {}

  /** Woven into the start, so that the thread is known before it does anything. */
  private static final class BeforeStart {
    @Advice.OnMethodEnter(suppress = Throwable.class)
    static void tell(@Advice.This Object thread, @Listener Consumer<Object> listener) {
      listener.accept(thread);
    }
  }

  /** Woven into the end, so that the thread's state says by then that it has ended. */
  private static final class AfterEnd {
    @Advice.OnMethodExit(suppress = Throwable.class)
    static void tell(@Advice.This Object thread, @Listener Consumer<Object> listener) {
      listener.accept(thread);
    }
  }

  /**
   * Calls a listener with every virtual thread when it is about to start and when it has ended, on
   * the thread that does it. What it throws is dropped. To be called once in a JVM; takes a second
   * of CPU time on a busy machine.
   *
   * @throws ReflectiveOperationException if this JDK's virtual threads are made otherwise
   * @throws UnmodifiableClassException if the JVM does not allow it
   */
  public static void install(Instrumentation instrumentation, Consumer<Object> listener)
      throws ReflectiveOperationException, UnmodifiableClassException {
    Class<?> virtualThread = Class.forName(VIRTUAL_THREAD, false, null);
    Field field = defineNews();
    field.set(null, listener);
    Weaver weaver = new Weaver(field);
    // not for longer: a transformer is asked about every class that is loaded
    instrumentation.addTransformer(weaver, true);
    try {
      instrumentation.retransformClasses(virtualThread);
    } finally {
      instrumentation.removeTransformer(weaver);
    }
    Throwable failure = weaver.failure;
    if (failure != null) {
      throw new ReflectiveOperationException(failure.toString(), failure);
    }
  }

  private static Field defineNews() throws ReflectiveOperationException {
    Lookup lookup = MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup());
    byte[] bytes =
        new ByteBuddy()
            .subclass(Object.class, ConstructorStrategy.Default.NO_CONSTRUCTORS)
            .name(NEWS)
            .defineField(
                LISTENER,
                Consumer.class,
                Ownership.STATIC,
                Visibility.PACKAGE_PRIVATE,
                FieldManifestation.VOLATILE)
            .make()
            .getBytes();
    Field field = lookup.defineClass(bytes).getDeclaredField(LISTENER);
    field.setAccessible(true);
    return field;
  }

  private static final class Weaver implements ClassFileTransformer {
    private final Field listener;
    private @Nullable Throwable failure = new NoSuchMethodException("nobody asked for the class");

    Weaver(Field listener) {
      this.listener = listener;
    }

    @Override
    public byte @Nullable [] transform(
        @Nullable ClassLoader loader,
        String name,
        @Nullable Class<?> redefined,
        @Nullable ProtectionDomain domain,
        byte[] bytes) {
      if (redefined == null || !redefined.getName().equals(VIRTUAL_THREAD)) {
        return null;
      }
      try {
        TypeDescription type = TypeDescription.ForLoadedType.of(redefined);
        int found = type.getDeclaredMethods().filter(STARTS.or(ENDS)).size();
        if (found != 2) {
          throw new NoSuchMethodException(
              "found " + found + " of start(ThreadContainer) and afterDone(boolean)");
        }
        Advice.WithCustomMapping advice = Advice.withCustomMapping().bind(Listener.class, listener);
        byte[] woven =
            new ByteBuddy()
                .decorate(type, ClassFileLocator.Simple.of(VIRTUAL_THREAD, bytes))
                .visit(advice.to(BeforeStart.class).on(STARTS))
                .visit(advice.to(AfterEnd.class).on(ENDS))
                .make()
                .getBytes();
        failure = null;
        return woven;
      } catch (Throwable e) {
        failure = e;
        return null;
      }
    }
  }
}
