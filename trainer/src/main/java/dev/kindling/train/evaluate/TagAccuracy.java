package dev.kindling.train.evaluate;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.evaluate.EntityTags.Entity;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How many words of held-out texts a model labels rightly, by the greatest logit of the token that has a word's label; and how many whole
 * entities, of which type, first and last word must be right, where labels are of entities. Ranks share the batches out; whole numbers
 * are added, so that the figures do not depend on their number.
 *
 * @param batchRows rows of a batch; @param labels their names
 */
public record TagAccuracy(HeldOutRows<EncoderBatch> heldOut, int batchRows, List<String> labels) {
  /**
   * Words that are labelled rightly.
   *
   * @param words in all; @param entities empty where labels are of none
   */
  public record Right(long right, long words, Optional<Entities> entities) {
    /** From 0 to 1. */
    public double share() {
      return (double) right / words;
    }
  }

  /**
   * Entities of all types together.
   *
   * @param right that the model finds where and as they are; @param found that it finds; @param there that there are
   */
  public record Entities(long right, long found, long there) {
    /** Of what is found, how much is right; 0 where nothing is found. */
    public double precision() {
      return found == 0 ? 0 : (double) right / found;
    }

    /** Of what is there, how much is found; 0 where nothing is there. */
    public double recall() {
      return there == 0 ? 0 : (double) right / there;
    }

    /** The harmonic mean of precision and recall. */
    public double f1() {
      return found + there == 0 ? 0 : 2.0 * right / (found + there);
    }
  }

  /** Sums over texts, in this order: words, right ones, entities that are there, found ones, right ones. */
  private static final int SUMS = 5;

  /** Called by all ranks. @return the same on all */
  public Right of(EncoderModel model, Communicator communicator) {
    Optional<EntityTags> tags = EntityTags.of(labels);
    long[] sums = new long[SUMS];
    long step = (long) batchRows * communicator.worldSize();
    for (long from = (long) batchRows * communicator.rank(); from < heldOut.rows(); from += step)
      add(model, heldOut.batch(from, (int) Math.min(batchRows, heldOut.rows() - from)), tags, sums);
    ByteBuffer mine = ByteBuffer.allocate(SUMS * Long.BYTES);
    mine.asLongBuffer().put(sums);
    long[] all = new long[SUMS];
    for (byte[] theirs : communicator.allGather(mine.array())) {
      LongBuffer more = ByteBuffer.wrap(theirs).asLongBuffer();
      for (int i = 0; i < SUMS; i++) all[i] += more.get(i);
    }
    return new Right(all[1], all[0], tags.map(there -> new Entities(all[4], all[3], all[2])));
  }

  private void add(EncoderModel model, EncoderBatch batch, Optional<EntityTags> tags, long[] sums) {
    float[] logits = model.logits(batch);
    for (int row = 0; row < batch.rows(); row++) {
      int[] there = new int[batch.time()];
      int[] found = new int[batch.time()];
      int words = 0;
      for (int i = row * batch.time(); i < (row + 1) * batch.time(); i++) {
        if (batch.target(i) < 0) continue;
        there[words] = batch.target(i);
        found[words] = LabelAccuracy.greatest(logits, i * labels.size(), labels.size());
        if (found[words] == there[words]) sums[1]++;
        words++;
      }
      sums[0] += words;
      if (tags.isPresent()) addEntities(tags.get(), Arrays.copyOf(there, words), Arrays.copyOf(found, words), sums);
    }
  }

  private static void addEntities(EntityTags tags, int[] there, int[] found, long[] sums) {
    Set<Entity> told = tags.in(there);
    Set<Entity> said = tags.in(found);
    sums[2] += told.size();
    sums[3] += said.size();
    Set<Entity> right = new HashSet<>(said);
    right.retainAll(told);
    sums[4] += right.size();
  }
}
