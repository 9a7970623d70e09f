package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnWeight.Panels;
import dev.kindling.train.kernel.Scratch.Slot;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.EnumMap;
import java.util.Map;

/**
 * Kernels that compute nothing and add up what {@code OneDnnKernels} would hold for the same calls: packed weights and scratch
 * memory. For plans of memory; no tensor that they are given is read or written, but for the choices of a router.
 */
public final class SizingKernels implements InvocationHandler {
  private static final int MOST = OneDnnProducts.MOST_TRANSPOSED;
  private final boolean plain;
  private final int threads;
  private final boolean tiles;
  private final WorkerPool pool = new WorkerPool(1, () -> {});
  private final Map<Slot, Long> shared = new EnumMap<>(Slot.class);
  private final Map<Slot, Long> ofWorker = new EnumMap<>(Slot.class);
  private final WidenedCopies widened;
  private final Kernels kernels = (Kernels) nothing(Kernels.class, this);
  private long packed;
  private long form;                             // the largest of a weight's forms
  private long routes;

  private SizingKernels(boolean plain, int threads, boolean tiles) {
    this.plain = plain;
    this.threads = threads;
    this.tiles = tiles;
    widened = new WidenedCopies(!plain && !OneDnn.hasBfloat16(), ofWorker);
  }

  /** @param plain whether plain Java will compute, which packs nothing and needs no scratch; @param threads of the rank */
  public static SizingKernels of(boolean plain, int threads) {
    return new SizingKernels(plain, threads, !plain && OneDnn.hasTiles());
  }

  /** @param tiles whether workers are to run products as on a processor with {@link OneDnn#hasTiles} */
  static SizingKernels of(int threads, boolean tiles) {
    return new SizingKernels(false, threads, tiles);
  }

  /** What models, tapes and optimizers call. */
  public Kernels kernels() {
    return kernels;
  }

  /** Bytes of the weights that were made. */
  public long packedBytes() {
    return packed;
  }

  /** Bytes that the calls so far would leave as scratch memory. */
  public long scratchBytes() {
    return sum(shared) + threads * sum(ofWorker);
  }

  /** Of it, what a slot of one thread takes. */
  long scratchBytes(Slot slot) {
    return whole(ofWorker.getOrDefault(slot, 0L));
  }

  /** What is more of it where products pack weights when they use them, and none is held. */
  public long packingBytes() {
    return form;
  }

  private static long sum(Map<Slot, Long> slots) {
    return slots.values().stream().mapToLong(SizingKernels::whole).sum();
  }

  private static long whole(long bytes) {
    return (bytes + 4095) / 4096 * 4096;
  }

  private record Sized(long in, long out, boolean storedTransposed, DType type) implements PackedWeight {
    @Override
    public void close() {
    }
  }

  private static Object nothing(Class<?> type, InvocationHandler handler) {
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{type}, handler);
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) {
    switch (method.getName()) {
      case "weight" -> {
        return weight((Long) arguments[0], (Long) arguments[1], (Boolean) arguments[2], (DType) arguments[3]);
      }
      case "pool" -> {
        return pool;
      }
      case "describe" -> {
        return "nothing computes";
      }
      case "route" -> {
        route((Tensor) arguments[0], (Tensor) arguments[1]);
        return null;
      }
      default -> {
        if (method.getReturnType().isInterface()) return nothing(method.getReturnType(), this);
        if (!plain && arguments != null) size(method.getName(), arguments);
        return method.getReturnType() == boolean.class ? Boolean.FALSE : null;
      }
    }
  }

  /** What a model sorts its rows by must be there: experts as a router without opinions would choose them. */
  private void route(Tensor logits, Tensor chosen) {
    int experts = Math.toIntExact(logits.dim(-1));
    int perRow = Math.toIntExact(chosen.dim(-1));
    CounterRandom random = CounterRandom.of(routes++, "routes");      // no two layers choose alike
    for (long slot = 0; slot < chosen.size(); slot++) {
      int first = (int) (random.uniform(slot / perRow) * experts);
      Raw.putInt(chosen.address() + slot * Integer.BYTES, (int) ((first + slot % perRow) % experts));
    }
  }

  private PackedWeight weight(long in, long out, boolean storedTransposed, DType type) {
    packed += plain ? in * out * type.bytes() : OneDnnWeight.bytes(type, Math.toIntExact(in), Math.toIntExact(out));
    if (!plain) form = Math.max(form, OneDnnWeight.largestForm(type, Math.toIntExact(in), Math.toIntExact(out)));
    if (!plain) pack(Math.toIntExact(in), Math.toIntExact(out), storedTransposed, type);
    return new Sized(in, out, storedTransposed, type);
  }

  /** As {@code OneDnnProducts.pack} does for a weight, which has both forms. */
  private void pack(int in, int out, boolean storedTransposed, DType type) {
    int part = OneDnnWeight.partRows(out, 0);
    stage(in, Math.min(out, part), storedTransposed, type);
    widened.packed(type, in, WidenedCopies.width(out), storedTransposed);
    widened.packed(type, part, WidenedCopies.width(in), !storedTransposed);
  }

  /** As {@code OneDnnProducts.packStaged}. */
  private void stage(long in, long out, boolean transposed, DType type) {
    long rows = transposed ? out : in;
    long columns = transposed ? in : out;
    long elements = rows * Blocks.stride(columns, type.bytes());
    boolean staged = type == DType.BFLOAT16 || Blocks.conflicts(columns, Float.BYTES);
    if (staged && elements <= OneDnnProducts.MOST_STAGED) grow(shared, Slot.LEFT, elements * type.bytes());
  }

  /** A gradient that is stored in fewer bits is a sum of float32 first where the weight has parts. */
  private void inputGradient(Tensor dy, PackedWeight w, Tensor dx) {
    int last = OneDnnWeight.lastPartRows(w.out());
    product(dy, last);
    widened.left(dy.type(), dy.rows(), OneDnnWeight.partRows(Math.toIntExact(w.out()), 0));
    if (last == w.out()) widened.result(dx);
    if (last < w.out() && dx.type() != DType.FLOAT32) grow(shared, Slot.WIDE, Float.BYTES * dx.size());
  }

  private void size(String operation, Object[] a) {
    switch (operation) {
      case "linear" -> {
        product((Tensor) a[0], ((Tensor) a[0]).dim(-1));
        widened.result((Tensor) a[3]);
      }
      case "linearInputGradient" -> inputGradient((Tensor) a[0], (PackedWeight) a[1], (Tensor) a[2]);
      case "linearWeightGradient" -> gradient((Tensor) a[0], ((Tensor) a[0]).dim(-1), ((Tensor) a[1]).dim(-1));
      case "matmul" -> matmul((Tensor) a[0], (Boolean) a[1], (Boolean) a[3], (Tensor) a[4], (Boolean) a[7]);
      case "crossEntropy" -> crossEntropy((Tensor) a[0], ((Logits) a[1]).head(), (Tensor) a[4], a[5] != null);
      case "attention", "attentionGradient" -> attention((AttentionInputs) a[0], operation.endsWith("Gradient"));
      default -> {
      }
    }
  }

  private void product(Tensor a, long inner) {
    product(a.type(), a.rows(), inner);
  }

  /**
   * As {@code OneDnnWorker.run}, in blocks of rows.
   *
   * @param inner what the product sums over; of a sum in pieces the last one, as all others are whole tiles
   */
  private void product(DType type, long rows, long inner) {
    if (tiles && OneDnnWorker.readsBeyond(type, inner))
      grow(ofWorker, Slot.WHOLE_TILES, OneDnnWorker.copyBytes(Math.min(Blocks.ROWS, rows), inner));
    widened.left(type, rows, inner);
  }

  /** As {@code OneDnnProducts.addGradient}. */
  private void gradient(Tensor x, long in, long out) {
    gradient(x.type(), x.rows(), in, in, out);
  }

  private void gradient(DType type, long rows, long stride, long in, long out) {
    int n = (int) Math.min(MOST, rows);
    Panels right = Panels.ofGradient(0, type, n, Math.toIntExact(out), Math.toIntExact(in));
    grow(shared, Slot.RIGHT, right.bytes());
    widened.packed(type, n, right.width(0), false);
    if (!OneDnnProducts.transposesFirst(type, stride)) {
      widened.turned(type, n, in);
      return;
    }
    widened.left(type, in, n);
    widened.transposed(type, n, Math.min(MOST, in));
    product(type, Math.min(MOST, in), rows % MOST);
    if (OneDnnProducts.inPairs(type, n, (int) Math.min(MOST, in)))
      grow(ofWorker, Slot.PAIRS, OneDnnProducts.PAIRED_BYTES);
    grow(shared, Slot.TRANSPOSED, Math.min(MOST, in) * Blocks.stride(n, type.bytes()) * type.bytes());
  }

  /** As {@code OneDnnProducts.matmul}. */
  private void matmul(Tensor a, boolean transposed, boolean rightTransposed, Tensor c, boolean bfloat16) {
    DType type = bfloat16 ? DType.BFLOAT16 : DType.FLOAT32;
    int inner = Math.toIntExact(a.size() / c.dim(-2));
    int columns = Math.toIntExact(c.dim(-1));
    product(type, c.dim(-2), inner);
    grow(shared, Slot.PACKED, Panels.bytes(type, inner, columns));
    if (transposed || bfloat16) grow(shared, Slot.LEFT, a.size() * type.bytes());
    if (transposed) widened.rows(type, c.dim(-2), inner);
    widened.packed(type, inner, WidenedCopies.width(columns), rightTransposed);
    grow(ofWorker, Slot.PRODUCT, 4L * Blocks.ROWS * Blocks.panel(columns));
  }

  /** As {@code OneDnnCrossEntropy}. */
  private void crossEntropy(Tensor x, PackedWeight head, Tensor dx, boolean trained) {
    grow(ofWorker, Slot.PRODUCT, 4L * Blocks.ROWS * Blocks.panel(head.out()));
    product(x, head.in());
    if (dx == null) return;
    int group = OneDnnCrossEntropy.group(x.rows(), head);
    product(head.type(), group, OneDnnWeight.lastPartRows(head.out()));
    widened.left(head.type(), group, OneDnnWeight.partRows(Math.toIntExact(head.out()), 0));
    widened.result(dx);
    grow(shared, Slot.LOGITS, (long) group * OneDnnCrossEntropy.stride(head) * head.type().bytes());
    if (!trained) return;
    if (head.storedTransposed()) {
      gradient(head.type(), group, OneDnnCrossEntropy.stride(head), head.out(), head.in());
    } else {
      gradient(head.type(), group, head.in(), head.in(), head.out());
    }
  }

  /** As {@code OneDnnAttention}, where rows have no gaps. */
  private void attention(AttentionInputs in, boolean gradient) {
    long stride = Blocks.stride(Math.min(OneDnnAttention.KEYS, in.keyTime()), 4);
    grow(ofWorker, Slot.SCORES, Blocks.ROWS * stride * 4);
    grow(ofWorker, Slot.PROBABILITIES, Blocks.ROWS * stride * in.type().bytes());
    int queries = Math.min(AttentionTile.QUERIES, in.queryTime());
    product(in.type(), queries, in.headDim());
    product(in.type(), queries, in.keyTime() % OneDnnAttention.KEYS);
    widened.attention(in, queries, Math.min(OneDnnAttention.KEYS, in.keyTime()));
    boolean several = in.keyTime() > OneDnnAttention.KEYS;
    if (several) grow(ofWorker, gradient ? Slot.QUERY_GRADIENTS : Slot.OUTPUTS, 4L * Blocks.ROWS * in.headDim());
    if (HeadOperand.panels(in.type(), in.headDim())) {
      long panels = HeadOperand.bytes(in.type(), in.keyTime(), in.headDim());
      grow(ofWorker, Slot.TURNED_KEYS, panels);
      grow(ofWorker, gradient ? Slot.TURNED_VALUES : Slot.VALUE_PANELS, panels);
      if (gradient) grow(ofWorker, Slot.KEY_PANELS, panels);
    }
    if (!gradient) return;
    grow(ofWorker, Slot.PROBABILITY_GRADIENTS, Blocks.ROWS * stride * 4);
    grow(ofWorker, Slot.SCORE_GRADIENT_ROWS, Blocks.ROWS * stride * in.type().bytes());
    if (HeadOperand.panels(in.type(), in.headDim())) {
      grow(ofWorker, Slot.SCORE_GRADIENTS, KeyGradientInPanels.tileBytes(in.type(), in.keyTime()));
      grow(ofWorker, Slot.PROBABILITIES, KeyGradientInPanels.tileBytes(in.type(), in.keyTime()));
      grow(ofWorker, Slot.KEY_GRADIENTS, KeyGradientInPanels.sumBytes(in.keyTime(), in.headDim()));
      grow(ofWorker, Slot.VALUE_GRADIENTS, KeyGradientInPanels.sumBytes(in.keyTime(), in.headDim()));
      grow(ofWorker, Slot.TURNED_GRADIENTS, 4L * in.keyTime() * in.headDim());
    } else {
      grow(ofWorker, Slot.KEY_GRADIENTS, 4L * in.keyTime() * in.headDim());
      grow(ofWorker, Slot.VALUE_GRADIENTS, 4L * in.keyTime() * in.headDim());
    }
    if (in.bias() != null) { grow(shared, Slot.BIAS_GRADIENTS, 4L * in.batch() * in.heads() * in.distances()); }
  }

  private static void grow(Map<Slot, Long> slots, Slot slot, long bytes) {
    slots.merge(slot, bytes, Math::max);
  }
}
