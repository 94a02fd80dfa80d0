package dev.kernelflight.jmc.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** The archive that Install New Software takes. */
class UpdateSiteTest {
  private static final String FEATURE = "dev.kernelflight.jmc.feature";
  private static final List<String> BUNDLES =
      List.of("dev.kernelflight.jmc.rules", "dev.kernelflight.jmc.parser");

  private static ZipFile archive() throws IOException {
    return new ZipFile(Path.of(System.getProperty("kernelflight.jmc.site")).toFile());
  }

  @Test
  void holdsTheFeatureAndBothBundles() throws IOException {
    try (ZipFile archive = archive()) {
      List<String> names = archive.stream().map(ZipEntry::getName).toList();
      assertThat(names).anyMatch(name -> name.startsWith("features/" + FEATURE + "_"));
      for (String bundle : BUNDLES) {
        assertThat(names)
            .filteredOn(name -> name.startsWith("plugins/" + bundle + "_"))
            .singleElement()
            .satisfies(name -> {
              try (JarInputStream jar =
                  new JarInputStream(archive.getInputStream(archive.getEntry(name)))) {
                assertThat(jar.getManifest().getMainAttributes().getValue("Bundle-SymbolicName"))
                    .startsWith(bundle);
              }
            });
      }
    }
  }

  @Test
  void listsThemInACategory() throws IOException {
    String content = metadata("content.jar", "content.xml");
    for (String bundle : BUNDLES) {
      assertThat(content).contains("<unit id='" + bundle + "'");
    }
    assertThat(content)
        .contains(
            "<unit id='" + FEATURE + ".feature.group'",
            "name='org.eclipse.equinox.p2.type.category' value='true'",
            "value='Kernel Flight Recorder'");
    String artifacts = metadata("artifacts.jar", "artifacts.xml");
    for (String bundle : BUNDLES) {
      assertThat(artifacts).contains("classifier='osgi.bundle' id='" + bundle + "'");
    }
    assertThat(artifacts).contains("classifier='org.eclipse.update.feature' id='" + FEATURE + "'");
  }

  private static String metadata(String jar, String xml) throws IOException {
    try (ZipFile archive = archive();
        InputStream in = archive.getInputStream(archive.getEntry(jar));
        ZipInputStream entries = new ZipInputStream(in)) {
      for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
        if (entry.getName().equals(xml)) {
          return new String(entries.readAllBytes(), StandardCharsets.UTF_8);
        }
      }
    }
    throw new AssertionError(jar + " has no " + xml);
  }
}
