package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.config.ResolvedYaml;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.optim.Adafactor;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.InverseSquareRootSchedule;
import dev.kindling.train.optim.Lion;
import dev.kindling.train.optim.Muon;
import dev.kindling.train.optim.MuonWithAdamW;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.ParameterGroup;
import dev.kindling.train.optim.ParameterGroups;
import dev.kindling.train.optim.PolynomialSchedule;
import dev.kindling.train.optim.Sgd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Optimizer, schedule and average as a YAML file says them. */
class OptimizerSettingsTest {
  private static PretrainConfig read(String yaml) {
    return Configuration.parse("pretrain.yaml", "dataset: d\nrun: r\n" + yaml).as(PretrainConfig.class);
  }

  private static OptimizerRecipe recipe(String yaml) {
    PretrainConfig config = read(yaml);
    return config.average().around(config.optimizer().recipe(false));
  }

  private static OptimizerRecipe grouped(OptimizerRecipe recipe) {
    return ParameterGroups.Recipe.of(recipe, ParameterGroup.vectorsWithoutDecay());
  }

  @Test
  void everyKindHasItsOwnUsualSettings() {
    assertThat(recipe("optimizer: {kind: adamw, rate: 3e-4}"))
        .isEqualTo(grouped(new AdamW.Recipe(3e-4, 0.9, 0.95, 1e-8, 0.1)));
    assertThat(recipe("optimizer: {kind: adafactor, rate: 1e-2, decay: 0}"))
        .isEqualTo(grouped(new Adafactor.Recipe(1e-2, -0.8, 1e-3, 1, 0)));
    assertThat(recipe("optimizer: {kind: lion, rate: 1e-4, decay: 1}"))
        .isEqualTo(grouped(new Lion.Recipe(1e-4, 0.9, 0.99, 1)));
    assertThat(recipe("optimizer: {kind: sgd, rate: 0.1, momentum: 0.9, nesterov: true}"))
        .isEqualTo(grouped(new Sgd.Recipe(0.1, 0.9, true, 0.1)));
    assertThat(recipe("optimizer: {kind: muon, rate: 5e-3, adamwRate: 3e-3}")).isEqualTo(grouped(
        new MuonWithAdamW.Recipe(Muon.Recipe.of(5e-3, false), new AdamW.Recipe(3e-3, 0.9, 0.95, 1e-8, 0.1))));
  }

  @Test
  void groupsAreAListAndTakeThePlaceOfTheUsualOne() {
    assertThat(recipe("""
        optimizer:
          kind: lion
          rate: 1e-4
          groups:
            - {names: ["*.wte.weight", "*.wpe.weight"], rateFactor: 0.1}
            - {roles: [vector, embedding], decayFactor: 0}
        """)).isEqualTo(ParameterGroups.Recipe.of(new Lion.Recipe(1e-4, 0.9, 0.99, 0.1),
        new ParameterGroup(List.of("*.wte.weight", "*.wpe.weight"), List.of(), 0.1, 1),
        new ParameterGroup(List.of(), List.of(Parameter.Role.VECTOR, Parameter.Role.EMBEDDING), 1, 0)));
    assertThat(recipe("optimizer: {kind: lion, rate: 1e-4, groups: []}"))
        .isEqualTo(new Lion.Recipe(1e-4, 0.9, 0.99, 0.1));
  }

  @Test
  void anAverageIsKeptAroundAnyOptimizer() {
    assertThat(recipe("optimizer: {kind: lion, rate: 1e-4, groups: []}\naverage: {decay: 0.999}"))
        .isEqualTo(new AveragedWeights.Recipe(new Lion.Recipe(1e-4, 0.9, 0.99, 0.1), 0.999));
    assertThatThrownBy(() -> read("average: {evaluate: true}")).isInstanceOf(UserError.class)
        .hasMessage("pretrain.yaml:3: average.evaluate is true; it must be false where average.decay is 0");
  }

  @Test
  void aGroupOfNoParameterIsToldWithItsLine() {
    assertThatThrownBy(() -> read("optimizer:\n  groups:\n    - {rateFactor: 2}\n")).isInstanceOf(UserError.class)
        .hasMessage(
            "pretrain.yaml:3: optimizer.groups[0].names is empty; it must be one pattern or more, or roles must be "
                + "given");
    assertThatThrownBy(() -> read("optimizer:\n  groups:\n    - {names: ['*'], rateFactor: 0}\n"))
        .isInstanceOf(UserError.class).hasMessageContaining("rateFactor is 0.0; it must be above 0, such as 0.1");
    PretrainConfig wrong = read("optimizer:\n  groups:\n    - {names: ['*.wtee']}\n");
    assertThatThrownBy(() -> wrong.optimizer().refuseNamesThatAreNone(List.of("transformer.wte.weight")))
        .isInstanceOf(UserError.class)
        .hasMessage("optimizer.groups[0].names is *.wtee; it must be a pattern that fits a "
            + "parameter of the model, such as transformer.wte.weight");
  }

  @Test
  void schedulesWithSettingsOfTheirOwn() {
    assertThat(read("schedule: {shape: inverse-square-root, warmupSteps: 50}").schedule().over(100))
        .isEqualTo(new InverseSquareRootSchedule(50, 0));
    assertThat(read("schedule: {shape: polynomial, power: 2, floor: 0}").schedule().over(100))
        .isEqualTo(new PolynomialSchedule(0, 100, 2, 0));
  }

  @Test
  void aConfigurationIsReadBackFromItsResolvedFormAndSentToExecutors() throws Exception {
    PretrainConfig config = read("optimizer: {kind: lion, groups: [{names: ['*.b'], decayFactor: 0}]}");
    assertThat(Configuration.parse("resolved", ResolvedYaml.write(config)).as(PretrainConfig.class)).isEqualTo(config);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ObjectOutputStream(bytes).writeObject(config);
    assertThat(new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject()).isEqualTo(config);
  }
}
