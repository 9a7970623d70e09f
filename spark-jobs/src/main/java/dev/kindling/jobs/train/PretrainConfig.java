package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.Storage;
import dev.kindling.jobs.track.TrackingSettings;
import dev.kindling.jobs.track.WatchSettings;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;

/**
 * All settings of a pre-training run; its components are the keys of the YAML file, and every section has defaults.
 *
 * @param dataset folder that {@code prep} wrote: packed rows and the tokenizer
 * @param run folder of the run's checkpoints; a run that is there already goes on
 */
public record PretrainConfig(String dataset, String run, DataSettings data, ModelSettings model,
    ObjectiveSettings objective,
    TrainSettings train, OptimizerSettings optimizer, ScheduleSettings schedule, AverageSettings average,
    GradientSettings gradients, CheckpointSettings checkpoints, ClusterSettings cluster,
    ProfileSettings profile, TrackingSettings tracking, WatchSettings watch) implements Serializable {
  public PretrainConfig {
    require(!dataset.isBlank(), "dataset", "empty", "the folder that prep wrote");
    require(!run.isBlank(), "run", "empty", "a folder for the run's checkpoints");
    require(cluster.ranks() <= train.virtualRanks(), "cluster.ranks", cluster.ranks(),
        "at most train.virtualRanks, " + train.virtualRanks() + ": every rank needs one");
    gradients.refuseUnlessFit(cluster, average, train, checkpoints);
  }

  /** A run with the defaults of all sections. */
  public static PretrainConfig of(String dataset, String run) {
    return new PretrainConfig(dataset, run, DataSettings.defaults(), ModelSettings.defaults(),
        ObjectiveSettings.defaults(),
        TrainSettings.defaults(),
        OptimizerSettings.defaults(),
        ScheduleSettings.defaults(), AverageSettings.defaults(), GradientSettings.defaults(),
        CheckpointSettings.defaults(),
        ClusterSettings.defaults(),
        ProfileSettings.defaults(), TrackingSettings.defaults(), WatchSettings.defaults());
  }

  /** The same with paths that mean on an executor what they mean here. */
  PretrainConfig absolute(Configuration hadoop) {
    return new PretrainConfig(Storage.absolute(hadoop, dataset), Storage.absolute(hadoop, run), data.absolute(hadoop),
        model.absolute(hadoop), objective, train,
        optimizer, schedule, average, gradients, checkpoints, cluster, profile, tracking, watch);
  }

  public PretrainConfig withData(DataSettings value) {
    return new PretrainConfig(dataset, run, value, model, objective, train, optimizer, schedule, average, gradients,
        checkpoints, cluster, profile, tracking, watch);
  }

  public PretrainConfig withModel(ModelSettings value) {
    return new PretrainConfig(dataset, run, data, value, objective, train, optimizer, schedule, average, gradients,
        checkpoints, cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withObjective(ObjectiveSettings value) {
    return new PretrainConfig(dataset, run, data, model, value, train, optimizer, schedule, average, gradients,
        checkpoints,
        cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withTrain(TrainSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, value, optimizer, schedule, average, gradients,
        checkpoints, cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withOptimizer(OptimizerSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, value, schedule, average, gradients,
        checkpoints,
        cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withSchedule(ScheduleSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, value, average, gradients,
        checkpoints,
        cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withAverage(AverageSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, value, gradients,
        checkpoints,
        cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withGradients(GradientSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, average, value,
        checkpoints,
        cluster, profile, tracking, watch);
  }

  public PretrainConfig withCheckpoints(CheckpointSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, average, gradients,
        value,
        cluster,
        profile, tracking, watch);
  }

  public PretrainConfig withCluster(ClusterSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, average, gradients,
        checkpoints, value,
        profile, tracking, watch);
  }

  public PretrainConfig withProfile(ProfileSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, average, gradients,
        checkpoints, cluster,
        value, tracking, watch);
  }

  public PretrainConfig withTracking(TrackingSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, average, gradients,
        checkpoints, cluster, profile, value, watch);
  }

  public PretrainConfig withWatch(WatchSettings value) {
    return new PretrainConfig(dataset, run, data, model, objective, train, optimizer, schedule, average, gradients,
        checkpoints, cluster, profile, tracking, value);
  }
}
