package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * What attention reads. Query head h attends to key and value head h / (query heads / key heads) (grouped queries: Ainslie et
 * al. 2023, arXiv:2305.13245).
 *
 * @param q stored [batch, queryTime, ..]
 * @param k stored [batch, keyTime, ..], as many heads as v, of which the query's are a multiple; @param v likewise
 * @param ranges int32 [batch, queryTime, 2]: query t of a sequence sees the keys [from, to), which is all there is of masking:
 *        causal (0, t + 1), a window of w tokens (t - w + 1, t + 1), padding on the right cut off by {@code to}, a document
 *        in a packed row from its first token on, across to an encoder (0, its length). Where from ≥ to nothing is seen: the
 *        output is zero, no gradient comes back, and what the query holds is not read, be it no number
 * @param bias float32 [heads, queryTime + keyTime - 1], added to the score of query t and key s at column s - t + queryTime -
 *        1 (relative positions and ALiBi), or null
 * @param dropout of the weights, or null
 */
public record AttentionInputs(Heads q, Heads k, Heads v, AttentionForm form, Tensor ranges, Tensor bias,
    AttentionDropout dropout) {
  public AttentionInputs {
    boolean fits = k.batch() == q.batch() && v.batch() == q.batch() && v.time() == k.time() && v.count() == k.count()
        && q.count() % k.count() == 0 && k.headDim() == q.headDim() && v.headDim() == q.headDim()
        && k.rows().type() == q.rows().type() && v.rows().type() == q.rows().type();
    if (!fits) throw new IllegalArgumentException("heads that do not fit: " + q + ", " + k + ", " + v);
    long queries = (long) q.batch() * q.time();
    if (ranges.type() != DType.INT32 || ranges.size() != 2 * queries) {
      throw new IllegalArgumentException(ranges + " are no ranges of " + queries + " queries");
    }
    if (bias != null && (bias.type() != DType.FLOAT32 || bias.size() != q.count() * (q.time() + k.time() - 1L))) {
      throw new IllegalArgumentException(bias + " is no bias of " + q + " against " + k);
    }
    for (long i = 0; i < queries; i++) {               // a wrong one would read and write foreign memory
      int from = Raw.getInt(ranges.address() + 8 * i);
      int to = Raw.getInt(ranges.address() + 8 * i + 4);
      if (from < to && (from < 0 || to > k.time())) {
        throw new IllegalArgumentException("query " + i + " sees [" + from + ", " + to + ") of " + k.time() + " keys");
      }
    }
  }

  /** Nothing is dropped out. */
  public AttentionInputs(Heads q, Heads k, Heads v, AttentionForm form, Tensor ranges, Tensor bias) {
    this(q, k, v, form, ranges, bias, null);
  }

  public int batch() {
    return q.batch();
  }

  public int heads() {
    return q.count();
  }

  public int queryTime() {
    return q.time();
  }

  public int keyTime() {
    return k.time();
  }

  public int headDim() {
    return q.headDim();
  }

  public DType type() {
    return q.rows().type();
  }

  /** Query heads that share a key and value head. */
  int group() {
    return q.count() / k.count();
  }

  /** First key that a query sees. */
  int from(int sequence, int query) {
    return Raw.getInt(ranges.address() + 8 * ((long) sequence * queryTime() + query));
  }

  /** The key past the last that a query sees. */
  int to(int sequence, int query) {
    return Raw.getInt(ranges.address() + 8 * ((long) sequence * queryTime() + query) + 4);
  }

  /** Columns of the bias. */
  int distances() {
    return queryTime() + keyTime() - 1;
  }

  /** Column of the bias for a query and a key. */
  int distance(int query, int key) {
    return key - query + queryTime() - 1;
  }
}
