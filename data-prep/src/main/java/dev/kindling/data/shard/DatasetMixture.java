package dev.kindling.data.shard;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.Mixture;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.pack.RowOrder;
import dev.kindling.data.pack.Shuffle;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * One or several datasets that are read as one: the rows of the first, then those of the second, and so on.
 *
 * @param members in their order
 * @param units shares of what is read, of {@link Mixture#ALL}
 */
public record DatasetMixture(List<Member> members, List<Long> units) {
  private static final String CLASSES = "classes";

  /** A dataset. @param folder as it is told; its shards' names are below it */
  public record Member(Path folder, DatasetInfo info) {}

  /**
   * @throws UserError where the tokenizers or the lengths of the rows differ, naming the datasets
   */
  public DatasetMixture {
    members = List.copyOf(members);
    units = List.copyOf(units);
    Member first = members.get(0);
    for (Member other : members) {
      refuseUnlessSame("tokenizer (its SHA-256)", first, other, DatasetInfo::tokenizer);
      refuseUnlessSame("vocabularySize", first, other, DatasetInfo::vocabularySize);
      refuseUnlessSame("endOfText", first, other, DatasetInfo::endOfText);
      refuseUnlessSame("kind of rows", first, other,
          info -> info.packingKind().isOfExamples() ? info.packingKind().label() : "texts");
      refuseUnlessSame("kind of labels", first, other, info -> info.labels() == null ? "none" : info.labels().kind());
      refuseUnlessSame(CLASSES, first, other, info -> info.labels() == null ? List.of() : info.labels().names());
      refuseUnlessSame("sequenceLength", first, other, DatasetInfo::sequenceLength);
      refuseUnlessSame("rowsPerGroup", first, other, info -> info.training().rowsPerGroup());
      if (members.size() > 1 && other.info.training().rows() == 0)
        throw new UserError("the dataset in " + other.folder + " has no row to learn from");
    }
  }

  private static void refuseUnlessSame(String what, Member a, Member b, Function<DatasetInfo, Object> of) {
    Object one = of.apply(a.info);
    Object other = of.apply(b.info);
    if (!Objects.equals(one, other))
      throw new UserError("the datasets in " + a.folder + " and " + b.folder + " cannot be mixed: their " + what
          + " differs, " + one + " and " + other + "; "
          + (what.equals(CLASSES)
              ? "run one prep of the inputs of both"
              : "run prep of both with the same tokenizer and settings"));
  }

  public static DatasetMixture alone(Path folder, DatasetInfo info) {
    return new DatasetMixture(List.of(new Member(folder, info)), List.of(Mixture.ALL));
  }

  public boolean isMixed() {
    return members.size() > 1;
  }

  /** The order of all rows in a run. @param seed of the run */
  public RowOrder order(long seed) {
    if (!isMixed()) return new Shuffle(members.get(0).info.training().rows(), seed);
    return Mixture.of(members.stream().map(member -> member.info.training().rows()).toList(), units, seed);
  }

  /** Which of the members a training row is of. */
  public int memberOf(long row) {
    int member = 0;
    while (row >= firstRow(member + 1)) member++;
    return member;
  }

  /** How many training rows the members before one have. */
  public long firstRow(int member) {
    return members.subList(0, member).stream().mapToLong(before -> before.info.training().rows()).sum();
  }

  /** What a single dataset says, or what one would that had the rows of all; its shards are named by their whole paths then. */
  public DatasetInfo info(Configuration conf) {
    DatasetInfo first = members.get(0).info;
    if (!isMixed()) return first;
    StringBuilder names = new StringBuilder("mixture");
    for (int i = 0; i < members.size(); i++)
      names.append('\n').append(members.get(i).info.fingerprint()).append(' ').append(units.get(i));
    return new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.APPENDED, sha256(names.toString()), first.sequenceLength(),
        first.vocabularySize(), first.endOfText(), first.tokenizer(), first.inputs(), Map.of(),
        all(conf, DatasetInfo::training), all(conf, DatasetInfo::heldOut), null, null,
        new DatasetInfo.Append(members.size(), first.fingerprint(), 0, 0), packing(),
        members.stream().map(member -> member.info.labels()).filter(Objects::nonNull).reduce(DatasetLabels::plus)
            .orElse(null));
  }

  /** That of the first member whose rows are no stream; where all are streams, nothing is said of it. */
  private DatasetInfo.Packing packing() {
    return members.stream().map(Member::info).filter(info -> info.packingKind() != Packing.CONCATENATE)
        .map(DatasetInfo::packing).reduce(DatasetInfo.Packing::longerOf).orElse(null);
  }

  private DatasetInfo.Part all(Configuration conf, Function<DatasetInfo, DatasetInfo.Part> part) {
    DatasetInfo.Part sum = null;
    for (Member member : members) {
      DatasetInfo.Part of = part.apply(member.info);
      List<DatasetInfo.Shard> shards = new ArrayList<>();
      for (DatasetInfo.Shard shard : of.shards())
        shards.add(new DatasetInfo.Shard(path(conf, member, shard), shard.rows(), shard.bytes(), shard.sha256()));
      DatasetInfo.Part named = new DatasetInfo.Part(of.documents(), of.tokens(), of.targets(), of.rows(),
          of.rowsPerShard(), of.rowsPerGroup(), shards);
      sum = sum == null ? named : sum.plus(named);
    }
    return sum;
  }

  private static String path(Configuration conf, Member member, DatasetInfo.Shard shard) {
    Path path = new Path(member.folder, shard.file());
    return Storage.of(conf, path).makeQualified(path).toString();
  }

  private static String sha256(String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
