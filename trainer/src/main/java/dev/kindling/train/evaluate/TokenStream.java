package dev.kindling.train.evaluate;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.PackedDataset;
import java.util.Arrays;

/** The rows of a dataset put together again, for models that do not look at rows. */
public final class TokenStream {
  private TokenStream() {
  }

  /**
   * All documents, an end of text before the first and after each; scoring it from place 1 on scores exactly the targets
   * of the rows.
   */
  public static int[] of(PackedDataset dataset) {
    int time = dataset.sequenceLength();
    long most = Math.addExact(Math.multiplyExact(dataset.rows(), (long) time), 1);
    if (most > Integer.MAX_VALUE - 8) {
      throw new UserError("the dataset has " + most + " tokens; n-gram baselines take at most 2,147,483,639: "
          + "use a smaller part of the corpus for them");
    }
    int[] stream = new int[(int) most];
    int length = 0;
    for (long row = 0; row < dataset.rows(); row++) {
      int[] tokens = dataset.tokens(row);
      int targets = dataset.targets(row);
      // a row's last token is the first of the next
      System.arraycopy(tokens, 0, stream, (int) (row * time), targets + 1);
      length = (int) (row * time) + targets + 1;
    }
    return Arrays.copyOf(stream, length);
  }
}
