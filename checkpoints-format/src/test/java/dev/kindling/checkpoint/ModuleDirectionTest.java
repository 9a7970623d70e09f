package dev.kindling.checkpoint;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.kindling", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleDirectionTest {
  @ArchTest
  static final ArchRule knowsNeitherSparkNorTensorsNorTheOtherModules = noClasses().should().dependOnClassesThat()
      .resideInAnyPackage("org.apache.spark..", "org.nd4j..", "org.bytedeco..", "scala..", "dev.kindling.data..",
          "dev.kindling.train..", "dev.kindling.jobs..");

  @ArchTest
  static final ArchRule packagesFormNoCycle = slices().matching("dev.kindling.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule theRootPackageStandsOnNoOther = noClasses().that().resideInAPackage("dev.kindling.checkpoint")
      .should().dependOnClassesThat().resideInAPackage("dev.kindling.checkpoint.*..");
}
