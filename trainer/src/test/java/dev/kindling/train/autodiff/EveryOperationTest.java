package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EveryOperationTest {
  /** Its way forward gives a number and no value: {@link RoutingGradientsTest} takes the differences itself. */
  private static final Class<?> HELD_BY_ITSELF = RouterLoss.class;

  /** A check is a test that calls {@link FiniteDifferences#check} and, by itself or by a method of its class, the operation. */
  @Test
  void isHeldToFiniteDifferences() {
    JavaClasses classes = new ClassFileImporter().importPackages("dev.kindling.train.autodiff");
    Set<String> operations = classes.stream()
        .filter(c -> c.isAssignableTo(Operation.class) && !c.isInterface()).map(JavaClass::getSimpleName)
        .collect(Collectors.toCollection(TreeSet::new));
    Set<String> checked = classes.stream().filter(c -> c.getSimpleName().endsWith("GradientsTest"))
        .flatMap(c -> c.getMethods().stream()).filter(EveryOperationTest::checks)
        .flatMap(EveryOperationTest::calls).map(call -> call.getTargetOwner().getSimpleName())
        .filter(operations::contains).collect(Collectors.toCollection(TreeSet::new));
    checked.add(HELD_BY_ITSELF.getSimpleName());
    assertThat(operations).hasSizeGreaterThan(15);
    assertThat(checked).isEqualTo(operations);
  }

  private static boolean checks(JavaMethod test) {
    return test.getMethodCallsFromSelf().stream().anyMatch(
        call -> call.getTargetOwner().isEquivalentTo(FiniteDifferences.class) && call.getName().equals("check"));
  }

  private static Stream<JavaMethodCall> calls(JavaMethod test) {
    return test.getMethodCallsFromSelf().stream().flatMap(call -> Stream.concat(Stream.of(call),
        call.getTarget().resolveMember().filter(called -> called.getOwner().equals(test.getOwner())).stream()
            .flatMap(called -> called.getMethodCallsFromSelf().stream())));
  }
}
