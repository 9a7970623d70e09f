package dev.kindling.checkpoint.commit;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.checkpoint.folder.WeightParts;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.ipc.RemoteException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
  private static final Gpt2Config CONFIG = Gpt2Config.of(300, 5, 6, 2, 3).withEndOfText(0);
  @TempDir
  Path run;
  private CheckpointStore store;

  @BeforeEach
  void open() {
    store = new CheckpointStore(CONF, hadoop(run));
  }

  private Checkpoint commit(long step, long epoch) throws IOException {
    CheckpointWriter writer = store.begin(step, epoch);
    writer.model(CONFIG, TinyModel.random(CONFIG, step), TokenizerFiles.of(CONFIG, TinyModel.tokenizerJson()));
    writer.state(Json.object().put("step", step));
    return writer.commit(List.of(), Json.object().put("loss", 2.5));
  }

  private List<String> folders() throws IOException {
    try (Stream<Path> all = Files.list(run)) {
      return all.map(p -> p.getFileName().toString()).filter(n -> n.startsWith("step-")).sorted().toList();
    }
  }

  @Test
  void aCommittedCheckpointIsAModelFolderWithAManifest() throws Exception {
    Checkpoint written = commit(1234, store.claimEpoch());
    assertThat(run.resolve("step-00001234").toFile().list()).containsExactlyInAnyOrder("config.json",
        "model.safetensors",
        "tokenizer.json", "tokenizer_config.json", "generation_config.json", "trainer_state.json", "manifest.json");
    Checkpoint read = Checkpoint.open(CONF, written.path());
    assertThat(read.step()).isEqualTo(1234);
    assertThat(read.state().path("step").asLong()).isEqualTo(1234);
    assertThat(read.manifest().details().path("loss").asDouble()).isEqualTo(2.5);
    try (ModelFolder model = read.model()) {
      assertThat(model.config()).isEqualTo(CONFIG);
      assertThat(read.manifest().weightsSha256()).isEqualTo(WeightsHash.sha256(model.weights()))
          .isEqualTo(WeightsHash.sha256(TinyModel.random(CONFIG, 1234)));
    }
  }

  @Test
  void aStateThatWasChangedIsNotReadThoughTheRestIsNotChecked() throws Exception {
    Checkpoint written = commit(1234, store.claimEpoch());
    Path state = run.resolve("step-00001234").resolve(Checkpoint.STATE);
    Files.writeString(state, Files.readString(state).replace("1234", "1235"));
    assertThatThrownBy(written::state).isInstanceOf(UserError.class)
        .hasMessageContaining("trainer_state.json is damaged");
  }

  @Test
  void whatIsNotCommittedIsNoCheckpoint() throws Exception {
    assertThat(store.newestWhole()).isEmpty();
    commit(10, 1);
    CheckpointWriter interrupted = store.begin(20, 1);
    interrupted.model(CONFIG, TinyModel.random(CONFIG, 1), TokenizerFiles.none());
    Files.createDirectories(run.resolve("step-00000030"));
    Files.writeString(run.resolve("step-00000030/manifest.json"), "{\"format\": \"kindling-check");
    assertThat(store.newestWhole()).map(Checkpoint::step).contains(10L);
    assertThat(store.committed()).hasSize(1);
  }

  @Test
  void aDamagedCheckpointIsPassedOverForThePreviousOne() throws Exception {
    commit(10, 1);
    commit(20, 1);
    commit(30, 1);
    Path flipped = run.resolve("step-00000030/model.safetensors"),
        cut = run.resolve("step-00000020/trainer_state.json");
    byte[] bytes = Files.readAllBytes(flipped);
    bytes[bytes.length - 5] ^= 1;
    Files.write(flipped, bytes);
    assertThatThrownBy(() -> Checkpoint.open(CONF, hadoop(flipped.getParent()))).isInstanceOf(UserError.class)
        .hasMessageContaining("model.safetensors is damaged: its SHA-256 is not the manifest's");
    assertThat(store.newestWhole()).map(Checkpoint::step).contains(20L);
    Files.write(cut, new byte[]{'{'});
    assertThat(store.newestWhole()).map(Checkpoint::step).contains(10L);
    Files.delete(run.resolve("step-00000010/config.json"));
    assertThat(store.newestWhole()).isEmpty();
  }

  @Test
  void aManifestThatWasChangedIsNoManifest() throws Exception {
    Checkpoint written = commit(10, 1);
    Path manifest = run.resolve("step-00000010/manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replace("\"step\" : 10,", "\"step\" : 11,"));
    assertThatThrownBy(() -> Checkpoint.open(CONF, written.path())).isInstanceOf(UserError.class)
        .hasMessageContaining("it was changed after it was written");
    assertThat(store.newestWhole()).isEmpty();
  }

  @Test
  void numbersOfAnyKindMayStandInTheDetails() throws Exception {
    var details = Json.object().put("a", new java.math.BigDecimal("1.10")).put("b", Double.NaN).put("c", 0.1f)
        .put("d", 2e23)
        .put("e", new java.math.BigInteger("123456789012345678901234567890")).put("manifestSha256", "x");
    CheckpointWriter writer = store.begin(1, 1);
    writer.state(Json.object());
    assertThat(
        Checkpoint.open(CONF, writer.commit(List.of(), details).path()).manifest().details().path("c").asDouble())
        .isEqualTo(0.1);
  }

  @Test
  void anOldAttemptCannotCommitOnceANewOneHasBegun() throws Exception {
    long first = store.claimEpoch();
    commit(10, first);
    CheckpointWriter frozen = store.begin(20, first);
    frozen.model(CONFIG, TinyModel.random(CONFIG, 1), TokenizerFiles.none());
    long second = store.claimEpoch();
    assertThat(second).isEqualTo(first + 1);
    assertThatThrownBy(frozen::commit).isInstanceOf(FencedException.class)
        .hasMessageContaining("attempt 2 has taken over");
    assertThatThrownBy(() -> frozen.state(Json.object())).isInstanceOf(FencedException.class);
    assertThatThrownBy(() -> store.begin(30, first)).isInstanceOf(FencedException.class);
    assertThat(store.newestWhole()).map(Checkpoint::step).contains(10L);
  }

  /** Another is still creating the first attempt's file, as HDFS then says. */
  public static final class ContestedFiles extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("contested:///");
    }

    @Override
    public FSDataOutputStream create(org.apache.hadoop.fs.Path file, boolean overwrite) throws IOException {
      FSDataOutputStream out = super.create(file, overwrite);
      if (!file.getName().equals("attempt-00001")) return out;
      out.close();
      throw new RemoteException("org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException",
          "Failed to CREATE_FILE " + file);
    }
  }

  /** Has no manifests, and then is away. */
  public static final class FailingFiles extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("failing:///");
    }

    @Override
    public FileStatus getFileStatus(org.apache.hadoop.fs.Path file) throws IOException {
      throw new FileNotFoundException(file.toString());
    }

    @Override
    public boolean exists(org.apache.hadoop.fs.Path file) throws IOException {
      throw new IOException("away");
    }
  }

  @Test
  void aFolderThatCannotBeLookedAtDoesNotHideThatItsManifestIsMissing() {
    Configuration conf = new Configuration(false);
    conf.set("fs.failing.impl", FailingFiles.class.getName());
    assertThatThrownBy(
        () -> Checkpoint.read(conf, new org.apache.hadoop.fs.Path("failing://" + run + "/step-00000010")))
        .isInstanceOf(UserError.class).hasMessageContaining("manifest.json does not exist")
        .satisfies(e -> assertThat(e.getSuppressed()).singleElement().asString().contains("away"));
  }

  @Test
  void ofTwoDriversThatBeginAtTheSameTimeOneTakesTheNextAttempt() throws Exception {
    Configuration conf = new Configuration(false);
    conf.set("fs.contested.impl", ContestedFiles.class.getName());
    assertThat(new CheckpointStore(conf, new org.apache.hadoop.fs.Path("contested://" + run)).claimEpoch())
        .isEqualTo(2);
  }

  @Test
  void theSameStepOfTwoAttemptsLiesInTwoFolders() throws Exception {
    commit(10, store.claimEpoch());
    commit(20, 1);
    commit(10, store.claimEpoch());
    assertThat(folders()).containsExactly("step-00000010", "step-00000010.attempt-00002", "step-00000020");
    // The newest attempt went back on purpose: its step is the newest, not the highest.
    assertThat(store.newestWhole()).map(c -> c.manifest().epoch()).contains(2L);
    assertThatThrownBy(() -> store.begin(10, 2)).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("committed already");
  }

  @Test
  void theNewestAndEachMultipleStayAndLeftoversGo() throws Exception {
    long epoch = store.claimEpoch();
    for (long step = 10; step <= 60; step += 10) commit(step, epoch);
    store.begin(65, epoch).state(Json.object());                       // interrupted before the commit of 70
    Checkpoint last = commit(70, epoch);
    store.begin(80, epoch).state(Json.object());                       // another rank is already writing the next
    store.clean(new Retention(2, 30, 0), last);
    assertThat(folders()).containsExactly("step-00000030", "step-00000060", "step-00000070", "step-00000080");
    store.clean(Retention.last(1), last);
    assertThat(folders()).containsExactly("step-00000070", "step-00000080");
  }

  @Test
  void theBestStayAsLongAsTheyAreTheBest() throws Exception {
    long epoch = store.claimEpoch();
    Retention keep = new Retention(1, 0, 2);
    double[] losses = {3, 1, 2, 5, 1.5, 4};
    for (int i = 0; i < losses.length; i++) {
      CheckpointWriter writer = store.begin(10 * (i + 1), epoch);
      writer.state(Json.object());
      store.clean(keep, writer.commit(List.of(), Json.object().put(Retention.VALIDATION_LOSS, losses[i])));
    }
    assertThat(folders()).containsExactly("step-00000020", "step-00000050", "step-00000060");
  }

  @Test
  void cleaningLeavesNewerAttemptsAlone() throws Exception {
    Checkpoint old = commit(10, store.claimEpoch());
    store.begin(20, store.claimEpoch()).state(Json.object());
    store.clean(Retention.last(1), old);
    assertThat(folders()).containsExactly("step-00000010", "step-00000020.attempt-00002");
  }

  @Test
  void entriesOfOtherRanksAreInTheManifestAndHeldToTheirHash() throws Exception {
    float[] values = {1, 2, 3, 4};
    OptimizerRange range = new OptimizerRange("exp_avg/w", 0, 4,
        (at, into, offset, n) -> System.arraycopy(values, (int) at, into, offset, n));
    CheckpointWriter rank0 = store.begin(10, 1), rank1 = store.begin(10, 1);
    FileEntry theirs = rank1.optimizer(1, 2, List.of(range));
    assertThat(theirs.name()).isEqualTo("optimizer/shard-00001-of-00002.safetensors");
    rank0.model(CONFIG, TinyModel.random(CONFIG, 1), TokenizerFiles.none());
    rank0.optimizer(0, 2, List.of());
    Checkpoint checkpoint = rank0.commit(List.of(rank1.written()), Json.object());
    assertThat(Checkpoint.open(CONF, checkpoint.path()).manifest().files()).contains(theirs);
    Files.delete(run.resolve("step-00000010").resolve(theirs.name()));
    assertThatThrownBy(checkpoint::verify).isInstanceOf(UserError.class)
        .hasMessageContaining("shard-00001-of-00002.safetensors does not exist");
  }

  /** Tensors in turn, so that no writer's are neighbours; the last of the writers has none. */
  private static WeightParts inTurn(int writers) {
    List<String> names = CONFIG.tensors().stream().map(TensorSpec::name).toList();
    return new WeightParts(writers + 1, name -> names.indexOf(name) % writers);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void ranksThatEachWritePartOfTheWeightsMakeTheCheckpointThatOneMakes(int ranks) throws Exception {
    TinyModel.InMemory weights = TinyModel.random(CONFIG, 1);
    WeightParts parts = inTurn(ranks);
    List<CheckpointWriter.Written> others = new ArrayList<>();
    for (int rank = 1; rank <= ranks; rank++) {
      CheckpointWriter other = store.begin(10, 1);
      other.weights(CONFIG, weights, parts, rank);
      others.add(other.written());
    }
    CheckpointWriter first = store.begin(10, 1);
    first.weights(CONFIG, weights, parts, 0);
    first.model(CONFIG, weights, parts, TokenizerFiles.none());
    Checkpoint checkpoint = first.commit(others, Json.object());
    checkpoint.verify();
    CheckpointWriter alone = store.begin(20, 1);
    alone.model(CONFIG, weights, TokenizerFiles.none());
    assertThat(checkpoint.manifest().weightsSha256()).isEqualTo(WeightsHash.sha256(weights))
        .isEqualTo(alone.commit().manifest().weightsSha256());
    assertThat(run.resolve("step-00000010").toFile().list()).contains("model.safetensors.index.json")
        .filteredOn(name -> name.endsWith(".safetensors")).hasSize(ranks)
        .allMatch(name -> name.endsWith("-of-0000" + ranks + ".safetensors"));
    try (ModelFolder model = checkpoint.model()) {
      assertThat(WeightsHash.sha256(model.weights())).isEqualTo(WeightsHash.sha256(weights));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 20})
  void whoVerifiesWithOthersLooksAtAShareOfTheBytes(int shares) throws Exception {
    Checkpoint checkpoint = commit(10, 1);
    List<FileEntry> files = checkpoint.manifest().files();
    for (FileEntry f : files) {
      List<Integer> by = IntStream.range(0, shares).filter(s -> checkpoint.share(s, shares).test(f.name())).boxed()
          .toList();
      assertThat(by).as(f.name()).hasSize(1);
      damage(run.resolve("step-00000010").resolve(f.name()));
      for (int share = 0; share < shares; share++) {
        assertThat(CheckpointStore.isWhole(checkpoint, checkpoint.share(share, shares))).isEqualTo(share != by.get(0));
      }
      damage(run.resolve("step-00000010").resolve(f.name()));    // back to what it was
    }
    long all = files.stream().mapToLong(FileEntry::size).sum();
    long largest = files.stream().mapToLong(FileEntry::size).max().orElseThrow();
    for (int share = 0; share < shares; share++) {
      int each = share;
      long bytes = files.stream().filter(f -> checkpoint.share(each, shares).test(f.name())).mapToLong(FileEntry::size)
          .sum();
      assertThat(bytes).isLessThanOrEqualTo(all / shares + largest);
    }
  }

  private static void damage(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  @Test
  void aPartThatNobodyWroteIsNoCheckpoint() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(CONFIG, 1);
    CheckpointWriter first = store.begin(10, 1);
    first.weights(CONFIG, weights, inTurn(2), 0);
    first.model(CONFIG, weights, inTurn(2), TokenizerFiles.none());
    assertThatThrownBy(first::commit).isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("nobody wrote ");
    assertThat(store.committed()).isEmpty();
  }

  @Test
  void aFileThatIsNotWrittenToItsEndIsNotLeftBehind() throws Exception {
    CheckpointWriter writer = store.begin(10, 1);
    assertThatThrownBy(() -> writer.file("x.json", out -> {
      out.write(1);
      throw new IOException("disk full");
    })).hasMessage("disk full");
    assertThat(run.resolve("step-00000010")).isEmptyDirectory();
    assertThat(writer.commit().manifest().files()).isEmpty();
  }
}
