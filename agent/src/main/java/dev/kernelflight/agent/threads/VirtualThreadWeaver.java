package dev.kernelflight.agent.threads;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.reflect.Field;
import java.security.ProtectionDomain;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has {@code java.lang.VirtualThread} tell of every thread that is about to start and that has
 * ended. Its {@code start} and {@code afterDone} run once in a thread's life; nothing is added to a
 * mount.
 *
 * <p>Of the JDK's own {@code java.lang.classfile}, new in JDK 24: to be loaded only where {@link
 * HotSpotThreads#tellsCurrent}, which no older JDK does. Its classes are there already in a JVM
 * that calls foreign functions, so weaving takes some 60 ms; with Byte Buddy it took a second.
 */
final class VirtualThreadWeaver implements ClassFileTransformer {
  private static final String VIRTUAL_THREAD = "java.lang.VirtualThread";

  /** Defined beside it: the JDK's classes see no class of an agent. */
  private static final ClassDesc NEWS = ClassDesc.of("java.lang.VirtualThreadNews");

  private static final String LISTENER = "listener";
  private static final String TELL = "tell";
  private static final ClassDesc CONSUMER = ClassDesc.of("java.util.function.Consumer");
  private static final MethodTypeDesc OF_AN_OBJECT = MethodTypeDesc.of(CD_void, CD_Object);

  private final Lookup lookup;
  private final ClassFile classFile;
  private final Class<?> virtualThread;
  private int found;
  private @Nullable Throwable failure = new NoSuchMethodException("nobody asked for the class");

  private VirtualThreadWeaver() throws ReflectiveOperationException {
    lookup = MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup());
    classFile =
        ClassFile.of(
            ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofClassLoading(lookup)));
    virtualThread = lookup.findClass(VIRTUAL_THREAD);
  }

  /**
   * Calls a listener with every virtual thread when it is about to start and when it has ended, on
   * the thread that does it. What it throws is dropped. To be called once in a JVM.
   *
   * @throws ReflectiveOperationException if this JDK's virtual threads are made otherwise
   * @throws UnmodifiableClassException if the JVM does not allow it
   */
  static void weave(Instrumentation instrumentation, Consumer<Object> listener)
      throws ReflectiveOperationException, UnmodifiableClassException {
    VirtualThreadWeaver weaver = new VirtualThreadWeaver();
    weaver.defineNews(listener);
    // not for longer: a transformer is asked about every class that is loaded
    instrumentation.addTransformer(weaver, true);
    try {
      instrumentation.retransformClasses(weaver.virtualThread);
    } finally {
      instrumentation.removeTransformer(weaver);
    }
    Throwable failure = weaver.failure;
    if (failure != null) {
      throw new ReflectiveOperationException(failure.toString(), failure);
    }
  }

  /** A class with the listener, and a method that passes a thread on to it. */
  private void defineNews(Consumer<Object> listener) throws ReflectiveOperationException {
    byte[] bytes =
        classFile.build(
            NEWS,
            news ->
                news.withField(LISTENER, CONSUMER, ClassFile.ACC_STATIC | ClassFile.ACC_VOLATILE)
                    .withMethodBody(
                        TELL, OF_AN_OBJECT, ClassFile.ACC_STATIC, VirtualThreadWeaver::tell));
    Field field = lookup.defineClass(bytes).getDeclaredField(LISTENER);
    field.setAccessible(true);
    field.set(null, listener);
  }

  private static void tell(CodeBuilder code) {
    code.trying(
            tried ->
                tried
                    .getstatic(NEWS, LISTENER, CONSUMER)
                    .aload(0)
                    .invokeinterface(CONSUMER, "accept", OF_AN_OBJECT),
            caught -> caught.catchingAll(CodeBuilder::pop))
        .return_();
  }

  @Override
  public byte @Nullable [] transform(
      @Nullable ClassLoader loader,
      String name,
      @Nullable Class<?> redefined,
      @Nullable ProtectionDomain domain,
      byte[] bytes) {
    if (redefined != virtualThread) {
      return null;
    }
    try {
      byte[] woven =
          classFile.transformClass(
              classFile.parse(bytes), ClassTransform.ofStateful(() -> this::weave));
      if (found != 2) {
        throw new NoSuchMethodException(
            "found " + found + " of start(ThreadContainer) and afterDone(boolean)");
      }
      failure = null;
      return woven;
    } catch (Throwable e) {
      failure = e;
      return null;
    }
  }

  private void weave(ClassBuilder type, ClassElement element) {
    if (element instanceof MethodModel method
        && is(method, "start", "(Ljdk/internal/vm/ThreadContainer;)V")) {
      found++;
      // at the beginning, so that the thread is known before it does anything
      type.transformMethod(method, MethodTransform.transformingCode(new BeforeAll()));
    } else if (element instanceof MethodModel method && is(method, "afterDone", "(Z)V")) {
      found++;
      // at the end, so that the thread's state says by then that it has ended
      type.transformMethod(
          method, MethodTransform.transformingCode(VirtualThreadWeaver::beforeReturn));
    } else {
      type.with(element);
    }
  }

  private static boolean is(MethodModel method, String name, String type) {
    return method.methodName().equalsString(name) && method.methodType().equalsString(type);
  }

  private static final class BeforeAll implements CodeTransform {
    @Override
    public void atStart(CodeBuilder code) {
      tellOfThis(code);
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      code.with(element);
    }
  }

  private static void beforeReturn(CodeBuilder code, CodeElement element) {
    if (element instanceof ReturnInstruction) {
      tellOfThis(code);
    }
    code.with(element);
  }

  private static void tellOfThis(CodeBuilder code) {
    code.aload(0).invokestatic(NEWS, TELL, OF_AN_OBJECT);
  }
}
