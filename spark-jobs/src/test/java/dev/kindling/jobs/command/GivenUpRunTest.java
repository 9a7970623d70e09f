package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs that cannot go on by themselves: told in one line with exit code 3, and what they have saved is whole and goes on. */
@Timeout(60)
class GivenUpRunTest extends SmallDatasetVerbs {
  private static final int GIVEN_UP = 3;
  private static final String FILES = "spark.hadoop.fs." + OutageFiles.SCHEME + ".impl";
  private static final String THE_SECOND_CHECKPOINT = "/step-00000002";
  private static final Pattern WEIGHTS = Pattern.compile("weights ([0-9a-f]{64})");

  @BeforeEach
  void nameTheFiles() {
    System.setProperty(FILES, OutageFiles.class.getName());
  }

  @AfterEach
  void forgetThem() {
    System.clearProperty(FILES);
    OutageFiles.comesBack();
  }

  private String run() {
    return OutageFiles.SCHEME + ":" + folder.resolve("run");
  }

  /** Four steps, a checkpoint after each. */
  private static Ended pretrain(String run, String... settings) {
    List<String> words = new ArrayList<>(List.of("pretrain", "--data", data.toString(), "--out", run, "--set",
        "train.steps=4", "--set", "checkpoints.every=1", "--set", "checkpoints.keepLast=9", "--set", "model.width=16",
        "--set", "model.heads=2", "--set", "model.layers=1", "--set", "cluster.waitSeconds=1"));
    words.addAll(List.of(settings));
    return Ended.of(words.toArray(String[]::new));
  }

  private static String weights(Ended ended) {
    assertThat(ended.code()).as(ended.err()).isZero();
    Matcher weights = WEIGHTS.matcher(ended.out());
    assertThat(weights.find()).as(ended.out()).isTrue();
    return weights.group(1);
  }

  private static void assertGivenUp(Ended ended, String... parts) {
    assertThat(ended.err().lines()).as("stderr").singleElement().asString().startsWith("kindling: ").contains(parts);
    assertThat(ended.code()).isEqualTo(GIVEN_UP);
  }

  private void assertThatWhatIsSavedIsWholeAndGoesOn() {
    assertThat(Ended.well("verify", run())).contains("step-00000001", "1 checkpoint in " + run()).endsWith("whole\n");
    Ended again = pretrain(run());
    assertThat(again.out()).contains("resumed: goes on with step 2 of 4");
    assertThat(weights(again)).isEqualTo(weights(pretrain(folder.resolve("undisturbed").toString())));
  }

  @Test
  void oneWhoseStoreGoesAwayForGood() {
    OutageFiles.goesAwayAt(THE_SECOND_CHECKPOINT, Integer.MAX_VALUE);
    assertGivenUp(pretrain(run()), "rank 0 failed: ", "; and for 1 s (cluster.waitSeconds) " + run()
        + " could not be reached: java.net.ConnectException: the server is away; what was committed stays: "
        + "run again to go on when it can");
    OutageFiles.comesBack();
    assertThatWhatIsSavedIsWholeAndGoesOn();
  }

  @Test
  void oneThatIsLeftWithFewerExecutorsThanItMayGoOnWith() {
    OutageFiles.goesAwayAt(THE_SECOND_CHECKPOINT, 1);
    assertGivenUp(pretrain(run(), "--set", "cluster.minRanks=2"),
        "cluster.minRanks is 2; 1 s after a loss there is 1 executor on local[",
        ": run again to go on from the newest checkpoint when there are more");
    assertThatWhatIsSavedIsWholeAndGoesOn();
  }
}
