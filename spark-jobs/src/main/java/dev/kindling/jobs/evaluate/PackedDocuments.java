package dev.kindling.jobs.evaluate;

import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.PackedDataset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The documents behind packed rows, for models that count n-grams. */
public final class PackedDocuments {
  private PackedDocuments() {
  }

  /**
   * Rows that are cut from one stream begin with the token that the row before ends with; others begin anew, and so does what stands
   * behind a token that is only read.
   *
   * @return stretches of documents, each with the token before it, the end of text where the document begins: from place 1 on, every
   *     target of the rows once
   */
  public static List<int[]> of(PackedDataset rows) {
    int end = rows.info().endOfText();
    boolean oneStream = rows.info().packingKind() == Packing.CONCATENATE;
    List<int[]> documents = new ArrayList<>();
    int[] document = new int[1 << 10];
    int length = 0;
    for (long row = 0; row < rows.rows(); row++) {
      int[] tokens = rows.tokens(row);
      boolean[] learned = rows.learned(row);
      int last = rows.targets(row);
      for (int i = oneStream && row > 0 ? 1 : 0; i <= last; i++) {
        if (!learned[i] && length > 1) documents.add(Arrays.copyOf(document, length));
        if (!learned[i]) length = 0;
        if (length == document.length) document = Arrays.copyOf(document, 2 * length);
        document[length++] = tokens[i];
        if (tokens[i] == end && length > 1) {
          documents.add(Arrays.copyOf(document, length));
          document[0] = end;
          length = 1;
        }
      }
    }
    if (length > 1 && !oneStream) documents.add(Arrays.copyOf(document, length));
    return documents;
  }
}
