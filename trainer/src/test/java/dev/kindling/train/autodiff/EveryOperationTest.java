package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EveryOperationTest {
  /** A check is a class of tests that has {@link FiniteDifferences} and runs the operation. */
  @Test
  void isHeldToFiniteDifferences() {
    JavaClasses classes = new ClassFileImporter().importPackages("dev.kindling.train.autodiff");
    Set<String> operations = classes.stream()
        .filter(c -> c.isAssignableTo(Operation.class) && !c.isInterface()).map(JavaClass::getSimpleName)
        .collect(Collectors.toCollection(TreeSet::new));
    Set<String> checked = classes.stream()
        .filter(c -> c.getSimpleName().endsWith("GradientsTest"))
        .filter(c -> c.getDirectDependenciesFromSelf().stream()
            .anyMatch(d -> d.getTargetClass().isEquivalentTo(FiniteDifferences.class)))
        .flatMap(c -> c.getMethodCallsFromSelf().stream()).map(call -> call.getTargetOwner().getSimpleName())
        .filter(operations::contains).collect(Collectors.toCollection(TreeSet::new));
    assertThat(operations).hasSizeGreaterThan(15);
    assertThat(checked).isEqualTo(operations);
  }
}
