package dev.kindling.jobs;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.jobs.model.ModelPath;

/** Who may use whom: between the modules, and between the packages of this one. */
@AnalyzeClasses(packages = "dev.kindling", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule checkpointsKnowNothingElse = noClasses().that().resideInAPackage("dev.kindling.checkpoint..")
      .should().dependOnClassesThat()
      .resideInAnyPackage("dev.kindling.data..", "dev.kindling.train..", "dev.kindling.jobs..", "org.apache.spark..",
          "org.nd4j..");

  @ArchTest
  static final ArchRule dataKnowsNoModels = noClasses().that().resideInAPackage("dev.kindling.data..").should()
      .dependOnClassesThat().resideInAnyPackage("dev.kindling.train..", "dev.kindling.jobs..", "org.nd4j..");

  @ArchTest
  static final ArchRule onlyDataJobsKnowSpark = noClasses().that().resideInAPackage("dev.kindling.data..").and()
      .resideOutsideOfPackage("dev.kindling.data.job..").should().dependOnClassesThat()
      .resideInAPackage("org.apache.spark..");

  @ArchTest
  static final ArchRule theTrainerKnowsNoCluster = noClasses().that().resideInAPackage("dev.kindling.train..").should()
      .dependOnClassesThat().resideInAnyPackage("dev.kindling.jobs..", "dev.kindling.data.job..", "org.apache.spark..");

  @ArchTest
  static final ArchRule configurationKnowsNoJobs = noClasses().that().resideInAPackage("dev.kindling.jobs.config..")
      .should().dependOnClassesThat().resideInAnyPackage("dev.kindling.data..", "dev.kindling.train..",
          "dev.kindling.jobs.command..", "dev.kindling.jobs.demo..", "dev.kindling.jobs.report..",
          "org.apache.spark..");

  @ArchTest
  static final ArchRule reportsKnowOnlyWhatTheyAreGiven = noClasses().that()
      .resideInAPackage("dev.kindling.jobs.report..")
      .should().dependOnClassesThat().resideInAnyPackage("dev.kindling.data..", "dev.kindling.train..",
          "dev.kindling.jobs.command..", "dev.kindling.jobs.demo..", "org.apache.spark..");

  @ArchTest
  static final ArchRule onlyTheCommandKnowsTheCommandLine = noClasses().that().resideInAPackage("dev.kindling..").and()
      .resideOutsideOfPackage("dev.kindling.jobs.command..").should().dependOnClassesThat()
      .resideInAnyPackage("picocli..", "dev.kindling.jobs.command..");

  /** {@link ModelPath} holds a checkpoint to its manifest, as {@code Checkpoint} does; what opens a folder itself does not. */
  @ArchTest
  static final ArchRule verbsOpenModelsByTheirPathOnly = noClasses().that().resideInAPackage("dev.kindling.jobs..")
      .and().doNotBelongToAnyOf(ModelPath.class)
      .should().callMethodWhere(target(owner(assignableTo(ModelFolder.class))).and(target(name("open"))));

  @ArchTest
  static void packagesFormNoCycle(JavaClasses classes) {
    slices().matching("dev.kindling.jobs.(*)..").should().beFreeOfCycles().check(classes);
  }
}
