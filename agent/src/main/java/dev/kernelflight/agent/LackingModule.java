package dev.kernelflight.agent;

import java.util.List;
import java.util.Optional;

/**
 * A module that the running Java runtime was made without, as those of jlink and the JREs of some
 * vendors are.
 *
 * @param name of the module
 * @param what it holds
 */
public record LackingModule(String name, String what) {
  private record Home(String packages, LackingModule module) {}

  /** The modules that this project uses beyond java.base. */
  private static final List<Home> HOMES =
      List.of(
          home("jdk/jfr/", "jdk.jfr", "JDK Flight Recorder"),
          home("com/sun/tools/attach/", "jdk.attach", "way to attach to other JVMs"),
          home("sun/tools/attach/", "jdk.attach", "way to attach to other JVMs"),
          home("java/util/logging/", "java.logging", "logging"),
          home("java/lang/instrument/", "java.instrument", "Java agents"),
          home("java/lang/management/", "java.management", "monitoring"),
          home("javax/management/", "java.management", "monitoring"),
          home("sun/misc/", "jdk.unsupported", "sun.misc.Unsafe"),
          home("org/w3c/dom/", "java.xml", "XML"),
          home("org/xml/sax/", "java.xml", "XML"),
          home("javax/xml/", "java.xml", "XML"),
          home("java/beans/", "java.desktop", "beans"));

  private static Home home(String packages, String module, String what) {
    return new Home(packages, new LackingModule(module, what));
  }

  /** The one without which a class could not be loaded; nothing where it is another class. */
  public static Optional<LackingModule> of(LinkageError failure) {
    // the name alone, or within a sentence where a class was not initialized because of it
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String missing = String.valueOf(cause.getMessage()).replace('.', '/');
      for (Home home : HOMES) {
        if (missing.contains(home.packages)
            && ModuleLayer.boot().findModule(home.module.name).isEmpty()) {
          return Optional.of(home.module);
        }
      }
    }
    return Optional.empty();
  }

  /** For a message. */
  public Diagnosis diagnosis() {
    return new Diagnosis(
        "this Java runtime has no " + what + ": it lacks the module " + name,
        "use a runtime with the module " + name + ", such as a JDK");
  }
}
