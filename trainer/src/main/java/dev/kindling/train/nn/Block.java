package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Add;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Route;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder block with a norm before each branch (Radford et al. 2019, section 2.3), and where the model has them one after
 * it (Riviere et al. 2024, arXiv:2408.00118, section 2):
 *
 * <pre>
 *   one after the other   h = h + attention(norm(h))      h = h + feedForward(norm'(h))
 *   side by side          h = h + attention(norm(h)) + feedForward(norm'(h))      (Wang and Komatsuzaki 2021, GPT-J)
 * </pre>
 */
public final class Block {
  private final Step attention;
  private final Step feedForward;
  private final boolean sideBySide;

  private Block(Step attention, Step feedForward, boolean sideBySide) {
    this.attention = attention;
    this.feedForward = feedForward;
    this.sideBySide = sideBySide;
  }

  /** A branch between its norms. @param after null: none; @param dropout rate of what the branch says */
  public record Step(RowNorm before, Branch branch, RowNorm after, float dropout) {
    private Value forward(Value normed, Pass pass) {
      Value found = Dropout.of(branch.forward(normed, pass), dropout);
      return after == null ? found : after.forward(found, DType.FLOAT32);
    }
  }

  public static Block of(Step attention, Step feedForward) {
    return new Block(attention, feedForward, false);
  }

  /** Both branches read the same stream. */
  public static Block sideBySide(Step attention, Step feedForward) {
    return new Block(attention, feedForward, true);
  }

  public void forward(Residual h, Pass pass) {
    List<Route> routes = new ArrayList<>();
    List<Value> kept = h.through(stream -> {
      routes.clear();
      run(stream, new Pass(pass.context(), pass.bias(), routes));
      return routes.stream().map(Route::logits).toList();
    });
    for (int i = 0; i < kept.size(); i++) pass.routes().add(routes.get(i).over(kept.get(i)));
  }

  private void run(Residual h, Pass pass) {
    if (sideBySide) {
      Value first = attention.before.forward(h);
      Value second = feedForward.before.forward(h);
      h.add(Add.of(attention.forward(first, pass), feedForward.forward(second, pass)));
      return;
    }
    h.add(attention.forward(attention.before.forward(h), pass));
    h.add(feedForward.forward(feedForward.before.forward(h), pass));
  }
}
