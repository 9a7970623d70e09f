package dev.kindling.train;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.kindling.train.tensor.Raw;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Packages tell the trainer's story in one order, and each may use only those before it. */
class PackageOrderTest {
  private static final List<String> ORDER = List.of("tensor", "kernel", "autodiff", "nn", "model", "objective", "optim",
      "collective", "profile", "loop", "generate", "evaluate");
  private static final JavaClasses CLASSES = new ClassFileImporter()
      .withImportOption(new ImportOption.DoNotIncludeTests())
      .importPackages("dev.kindling.train");

  @Test
  void aPackageUsesOnlyThoseBeforeIt() {
    for (int i = 0; i < ORDER.size(); i++) {
      String[] later = ORDER.subList(i + 1, ORDER.size()).stream().map(PackageOrderTest::withInner)
          .toArray(String[]::new);
      if (later.length == 0) continue;
      noClasses().that().resideInAPackage(withInner(ORDER.get(i))).should().dependOnClassesThat()
          .resideInAnyPackage(later).allowEmptyShould(true).check(CLASSES);
    }
  }

  @Test
  void everyOneOfThemIsThere() {
    assertThat(ORDER).allSatisfy(
        name -> assertThat(CLASSES.containPackage("dev.kindling.train." + name)).as(name).isTrue());
  }

  @Test
  void everyClassIsInOneOfThem() {
    String[] all = ORDER.stream().map(PackageOrderTest::withInner).toArray(String[]::new);
    noClasses().that().doNotHaveSimpleName("package-info").should().resideOutsideOfPackages(all).check(CLASSES);
  }

  private static String withInner(String name) {
    return "dev.kindling.train." + name + "..";
  }

  @Test
  void noPackagesUseEachOther() {
    slices().matching("dev.kindling.train.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void nothingKnowsSpark() {
    noClasses().should().dependOnClassesThat().resideInAnyPackage("org.apache.spark..", "dev.kindling.jobs..")
        .check(CLASSES);
  }

  @Test
  void onlyOneClassTouchesUnsafe() {
    noClasses().that().doNotBelongToAnyOf(Raw.class).should().dependOnClassesThat()
        .haveFullyQualifiedName("sun.misc.Unsafe").check(CLASSES);
  }
}
