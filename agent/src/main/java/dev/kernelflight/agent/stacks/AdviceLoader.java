package dev.kernelflight.agent.stacks;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.InvocationTargetException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Loads this package's advice together with Byte Buddy, which is a jar inside the agent's: its
 * three thousand classes are not indexed by every JVM that starts with the agent, the application
 * does not see them, nor they its own Byte Buddy, and all of it is unloaded when the advice is
 * woven.
 */
public final class AdviceLoader extends ClassLoader {
  private static final String BYTE_BUDDY = "byte-buddy.jar";
  private static final String CLASS = ".class";

  private final Map<String, byte[]> byteBuddy = new HashMap<>();

  private AdviceLoader() throws IOException {
    super(AdviceLoader.class.getClassLoader());
    InputStream jar = AdviceLoader.class.getResourceAsStream(BYTE_BUDDY);
    if (jar == null) {
      throw new IOException(BYTE_BUDDY + " is missing from the agent's jar");
    }
    try (JarInputStream in = new JarInputStream(new BufferedInputStream(jar))) {
      for (JarEntry entry = in.getNextJarEntry(); entry != null; entry = in.getNextJarEntry()) {
        // versions for other JDKs are of classes that read newer class files than these can
        if (entry.getName().endsWith(CLASS) && !entry.getName().startsWith("META-INF/")) {
          byteBuddy.put(entry.getName(), in.readAllBytes());
        }
      }
    }
  }

  /**
   * {@link VirtualThreadAdvice#install}, which says what it does.
   *
   * @throws Throwable why it was impossible
   */
  public static void installVirtualThreadAdvice(
      Instrumentation instrumentation, Consumer<Object> listener) throws Throwable {
    AdviceLoader loader = new AdviceLoader();
    instrumentation.redefineModule(
        Object.class.getModule(),
        Set.of(),
        Map.of(),
        Map.of("java.lang", Set.of(loader.getUnnamedModule())),
        Set.of(),
        Map.of());
    try {
      loader
          .loadClass(AdviceLoader.class.getPackageName() + ".VirtualThreadAdvice")
          .getMethod("install", Instrumentation.class, Consumer.class)
          .invoke(null, instrumentation, listener);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    String file = name.replace('.', '/') + CLASS;
    boolean ours = name.startsWith(AdviceLoader.class.getPackageName() + ".");
    if (!ours && !byteBuddy.containsKey(file)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null) {
        try (InputStream in = getResourceAsStream(file)) {
          if (in == null) {
            throw new ClassNotFoundException(name);
          }
          byte[] bytes = in.readAllBytes();
          loaded = defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
          throw new ClassNotFoundException(name, e);
        }
      }
      return loaded;
    }
  }

  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    byte[] bytes = byteBuddy.get(name);
    return bytes == null ? super.getResourceAsStream(name) : new ByteArrayInputStream(bytes);
  }
}
