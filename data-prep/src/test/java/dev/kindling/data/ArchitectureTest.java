package dev.kindling.data;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.kindling.data", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule SPARK_IS_IN_JOB_ONLY = noClasses().that().resideOutsideOfPackage("dev.kindling.data.job..")
      .should()
      .dependOnClassesThat().resideInAnyPackage("org.apache.spark..", "scala..");

  @ArchTest
  static final ArchRule NOTHING_KNOWS_MODELS_OR_TRAINING = noClasses().should().dependOnClassesThat()
      .resideInAnyPackage("dev.kindling.train..", "dev.kindling.jobs..");

  @ArchTest
  static final ArchRule NO_CYCLES = slices().matching("dev.kindling.data.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule PACKAGES_FOLLOW_THE_WAY_OF_THE_DATA = layeredArchitecture()
      .consideringOnlyDependenciesInLayers().withOptionalLayers(true)
      .layer("corpus").definedBy("dev.kindling.data.corpus..").layer("clean").definedBy("dev.kindling.data.clean..")
      .layer("dedup").definedBy("dev.kindling.data.dedup..").layer("decontaminate")
      .definedBy("dev.kindling.data.decontaminate..")
      .layer("tokenizer").definedBy("dev.kindling.data.tokenizer..").layer("chat").definedBy("dev.kindling.data.chat..")
      .layer("pack").definedBy("dev.kindling.data.pack..")
      .layer("shard").definedBy("dev.kindling.data.shard..").layer("job").definedBy("dev.kindling.data.job..")
      .whereLayer("job").mayNotBeAccessedByAnyLayer().whereLayer("shard").mayOnlyBeAccessedByLayers("job")
      .whereLayer("pack").mayOnlyBeAccessedByLayers("shard", "job").whereLayer("corpus")
      .mayOnlyBeAccessedByLayers("job")
      .whereLayer("clean").mayOnlyBeAccessedByLayers("dedup", "decontaminate", "tokenizer", "job").whereLayer("dedup")
      .mayOnlyBeAccessedByLayers("job").whereLayer("decontaminate").mayOnlyBeAccessedByLayers("job")
      .whereLayer("tokenizer")
      .mayOnlyBeAccessedByLayers("chat", "job").whereLayer("chat").mayOnlyBeAccessedByLayers("job");
}
