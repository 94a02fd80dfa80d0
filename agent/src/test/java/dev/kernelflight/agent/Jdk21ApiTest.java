package dev.kernelflight.agent;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.util.JavacTask;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.AccessTarget.FieldAccessTarget;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeMirror;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * Holds the main classes to the API of JDK 21. A newer JDK compiles them, for 21 but against its
 * own API, because the compiler's option {@code --release 21} allows neither JFR's annotation
 * {@code RemoveFields} nor the foreign-memory API, a preview in 21. So a method that 21 lacks would
 * be noticed only there. What 21 has is in the compiler's data for that option.
 */
class Jdk21ApiTest {
  /** Their methods take any arguments, so each call has a signature of its own. */
  private static final Set<String> SIGNATURE_POLYMORPHIC =
      Set.of(MethodHandle.class.getName(), VarHandle.class.getName());

  /** Loaded only where the JVM tells which virtual thread a carrier runs: JDK 24 and later. */
  private static final String WEAVER = "dev.kernelflight.agent.threads.VirtualThreadWeaver";

  private final JavacTask jdk21 =
      (JavacTask)
          ToolProvider.getSystemJavaCompiler()
              .getTask(null, null, null, List.of("--release", "21"), List.of("Object"), null);
  private final Map<String, Set<String>> members = new HashMap<>();

  @Test
  void mainClassesUseNothingNewer() {
    var classes =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("dev.kernelflight");

    assertThat(classes).hasSizeGreaterThan(100);
    assertThat(
            classes.stream()
                .filter(user -> !user.getName().split("[$]", 2)[0].equals(WEAVER))
                .flatMap(user -> missing(user).stream()))
        .as("what the agent uses and JDK 21 lacks")
        .isEmpty();
  }

  @Test
  void findsWhatIsNewer() {
    assertThat(missing(new ClassFileImporter().importClass(Newer.class)))
        .anyMatch(text -> text.startsWith("java.lang.classfile.ClassFile: "))
        .anyMatch(text -> text.startsWith("java.lang.invoke.VarHandle varHandle(): "));
  }

  /** Never called. */
  static final class Newer {
    private Newer() {}

    static Class<?> type() {
      return java.lang.classfile.ClassFile.class;
    }

    static VarHandle handle() {
      return ValueLayout.JAVA_INT.varHandle();
    }
  }

  /** Classes and members of the JDK that a class uses and 21 lacks. */
  private Set<String> missing(JavaClass user) {
    Set<String> missing = new TreeSet<>();
    for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
      JavaClass target = dependency.getTargetClass().getBaseComponentType();
      if (isApi(target) && members(target).isEmpty()) {
        missing.add(target.getName() + ": " + dependency.getDescription());
      }
    }
    for (JavaAccess<?> access : user.getAccessesFromSelf()) {
      JavaClass owner = access.getTargetOwner();
      String member = text(access.getTarget());
      if (isApi(owner)
          && !SIGNATURE_POLYMORPHIC.contains(owner.getName())
          && !members(owner).isEmpty()
          && !members(owner).contains(member)) {
        missing.add(member + ": " + access.getDescription());
      }
    }
    return missing;
  }

  /** The compiler knows of no other classes. */
  private static boolean isApi(JavaClass type) {
    return !type.isPrimitive()
        && !type.isArray()
        && type.getPackageName().matches("(java|javax|jdk|com\\.sun)\\..*")
        && !type.getPackageName().contains(".internal");
  }

  /** What a class has in JDK 21, with what it inherits; nothing where 21 lacks the class. */
  private Set<String> members(JavaClass type) {
    return members.computeIfAbsent(
        type.getName(),
        name -> {
          TypeElement element = jdk21.getElements().getTypeElement(name.replace('$', '.'));
          return element == null
              ? Set.of()
              : jdk21.getElements().getAllMembers(element).stream()
                  .map(this::text)
                  .collect(toSet());
        });
  }

  private String text(Element member) {
    return member instanceof ExecutableElement code
        ? name(code.getReturnType())
            + " "
            + code.getSimpleName()
            + code.getParameters().stream()
                .map(parameter -> name(parameter.asType()))
                .collect(joining(", ", "(", ")"))
        : name(member.asType()) + " " + member.getSimpleName();
  }

  private String name(TypeMirror type) {
    TypeMirror erased = jdk21.getTypes().erasure(type);
    if (erased instanceof ArrayType array) {
      return name(array.getComponentType()) + "[]";
    }
    return erased instanceof DeclaredType declared
        ? jdk21.getElements().getBinaryName((TypeElement) declared.asElement()).toString()
        : erased.toString();
  }

  private static String text(AccessTarget target) {
    return target instanceof CodeUnitAccessTarget code
        ? name(code.getRawReturnType())
            + " "
            + code.getName()
            + code.getRawParameterTypes().stream()
                .map(Jdk21ApiTest::name)
                .collect(joining(", ", "(", ")"))
        : name(((FieldAccessTarget) target).getRawType()) + " " + target.getName();
  }

  private static String name(JavaClass type) {
    return type.isArray() ? name(type.getComponentType()) + "[]" : type.getName();
  }
}
