package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kernelflight.jmc.parser.KernelParserExtension;
import dev.kernelflight.jmc.rules.KernelRule;
import java.io.OutputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import net.jpountz.lz4.LZ4Factory;
import org.eclipse.core.runtime.CoreException;
import org.eclipse.core.runtime.IExtensionRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmc.common.item.IItem;
import org.openjdk.jmc.flightrecorder.JfrLoaderToolkit;
import org.openjdk.jmc.flightrecorder.rules.IRule;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.owasp.encoder.Encode;

/**
 * The bundles in Equinox, the framework of Mission Control, together with the core bundles of
 * Mission Control that are on Maven Central. Of its user interface only the extension point for
 * pages is needed; a bundle that has nothing else declares it here.
 */
class EquinoxTest {
  private static final String RULES = "dev.kernelflight.jmc.rules";
  private static final String PARSER = "dev.kernelflight.jmc.parser";
  private static final String RULE_PROVIDERS = "org.openjdk.jmc.flightrecorder.rules.ruleProvider";
  private static final String DATA_PAGES = "org.openjdk.jmc.flightrecorder.ui.datapage";

  @TempDir static Path temp;
  private static final Map<String, Bundle> BUNDLES = new HashMap<>();
  private static Framework framework;

  @BeforeAll
  static void start() throws Exception {
    FrameworkFactory factory = ServiceLoader.load(FrameworkFactory.class).iterator().next();
    framework =
        factory.newFramework(
            Map.of(Constants.FRAMEWORK_STORAGE, temp.resolve("equinox").toString()));
    framework.start();
    for (Class<?> ofBundle :
        List.of(
            CoreException.class,
            IExtensionRegistry.class,
            Encode.class,
            LZ4Factory.class,
            IItem.class,
            JfrLoaderToolkit.class,
            IRule.class,
            KernelRule.class,
            KernelParserExtension.class)) {
      install(ofBundle.getProtectionDomain().getCodeSource().getLocation());
    }
    install(userInterface().toUri().toURL());
    for (String started : List.of("org.eclipse.equinox.common", "org.eclipse.equinox.registry")) {
      bundle(started).start();
    }
    framework.adapt(FrameworkWiring.class).resolveBundles(BUNDLES.values());
  }

  @AfterAll
  static void stop() throws Exception {
    framework.stop();
    framework.waitForStop(0);
  }

  private static void install(URL location) throws Exception {
    BundleContext context = framework.getBundleContext();
    Bundle bundle = context.installBundle("reference:" + location);
    BUNDLES.put(bundle.getSymbolicName(), bundle);
  }

  private static Path userInterface() throws Exception {
    Path jar = temp.resolve("ui.jar");
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    main.putValue(
        Constants.BUNDLE_SYMBOLICNAME, "org.openjdk.jmc.flightrecorder.ui;singleton:=true");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out, manifest)) {
      entries.putNextEntry(new ZipEntry("plugin.xml"));
      entries.write(
          "<?eclipse version=\"3.2\"?><plugin><extension-point id=\"datapage\" name=\"Pages\"/></plugin>"
              .getBytes(StandardCharsets.UTF_8));
    }
    return jar;
  }

  @Test
  void allBundlesResolve() {
    assertThat(BUNDLES)
        .containsKeys(RULES, PARSER, "org.openjdk.jmc.flightrecorder.rules")
        .allSatisfy((name, bundle) ->
            assertThat(bundle.getState()).as(name).isIn(Bundle.RESOLVED, Bundle.ACTIVE));
    assertThat(bundle("org.openjdk.jmc.flightrecorder").getVersion().toString())
        .isEqualTo(System.getProperty("kernelflight.jmc.version"));
  }

  /** As Mission Control's provider of rules for OSGi does. */
  @Test
  void rulesAreFoundThroughTheExtensionRegistry() throws Exception {
    Class<?> rule = bundle("org.openjdk.jmc.flightrecorder.rules").loadClass(IRule.class.getName());
    List<String> found = new ArrayList<>();
    for (Object element : elements(RULE_PROVIDERS)) {
      Bundle contributor = bundle(contributor(element));
      ClassLoader loader = contributor.adapt(BundleWiring.class).getClassLoader();
      for (Object each : ServiceLoader.load(rule, loader)) {
        found.add(each.getClass().getName());
      }
    }
    assertThat(found)
        .containsExactlyInAnyOrderElementsOf(
            Recordings.rules().stream().map(each -> each.getClass().getName()).toList());
  }

  @Test
  void pagesAreFoundThroughTheExtensionRegistry() throws Exception {
    List<Object> elements = elements(DATA_PAGES);
    assertThat(elements)
        .singleElement()
        .satisfies(element -> {
          assertThat(call(element, "IConfigurationElement", "getName")).isEqualTo("pages");
          assertThat(attribute(element, "weight")).isEqualTo("80");
          Bundle contributor = bundle(contributor(element));
          assertThat(contributor.getSymbolicName()).isEqualTo(RULES);
          assertThat(contributor.getEntry(String.valueOf(attribute(element, "file")))).isNotNull();
        });
  }

  /** The parser looks with the context class loader, for which Eclipse has that of its bundle. */
  @Test
  void theExtensionOfTheParserIsFoundByTheParser() throws Exception {
    Bundle host = bundle("org.openjdk.jmc.flightrecorder");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(host.adapt(BundleWiring.class).getClassLoader());
    try {
      Class<?> registry =
          host.loadClass("org.openjdk.jmc.flightrecorder.parser.ParserExtensionRegistry");
      List<?> extensions = (List<?>) registry.getMethod("getParserExtensions").invoke(null);
      assertThat(extensions)
          .extracting(extension -> extension.getClass().getName())
          .contains(KernelParserExtension.class.getName());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static Bundle bundle(String name) {
    return Objects.requireNonNull(BUNDLES.get(name), name);
  }

  // The registry's classes are those of its bundle, and not the ones of the same name in this test.

  private static List<Object> elements(String extensionPoint) throws Exception {
    BundleContext context = framework.getBundleContext();
    // all: a reference is otherwise given only to those who see the same class
    Object registry =
        context.getService(
            context.getAllServiceReferences(IExtensionRegistry.class.getName(), null)[0]);
    return List.of(
        (Object[])
            Objects.requireNonNull(
                call(
                    registry,
                    "IExtensionRegistry",
                    "getConfigurationElementsFor",
                    extensionPoint)));
  }

  private static String contributor(Object element) throws Exception {
    Object contributor = call(element, "IConfigurationElement", "getContributor");
    return String.valueOf(call(Objects.requireNonNull(contributor), "IContributor", "getName"));
  }

  private static @Nullable Object attribute(Object element, String name) throws Exception {
    return call(element, "IConfigurationElement", "getAttribute", name);
  }

  private static @Nullable Object call(
      Object target, String type, String method, String... arguments) throws Exception {
    Class<?>[] types = new Class<?>[arguments.length];
    Arrays.fill(types, String.class);
    return bundle("org.eclipse.equinox.registry")
        .loadClass("org.eclipse.core.runtime." + type)
        .getMethod(method, types)
        .invoke(target, (Object[]) arguments);
  }
}
