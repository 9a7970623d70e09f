package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Combine;
import dev.kindling.train.autodiff.Route;
import dev.kindling.train.autodiff.TakeRows;
import dev.kindling.train.autodiff.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * A mixture of experts (Jiang et al. 2024, arXiv:2401.04088, section 2.1): each row goes to the experts that a router gives
 * the largest probabilities, however many rows an expert gets, and what they say is weighted:
 *
 * <pre>
 *   p = softmax(x R)       y = Σ of the chosen e: pₑ / (Σ of the chosen p) · expertₑ(x)
 * </pre>
 */
public final class Mixture implements Branch {
  private final Linear router;
  private final List<FeedForward> experts;
  private final int perToken;

  public Mixture(Linear router, List<FeedForward> experts, int perToken) {
    this.router = router;
    this.experts = List.copyOf(experts);
    this.perToken = perToken;
  }

  @Override
  public Value forward(Value x, Pass pass) {
    Route route = Route.of(router.forwardToResidual(x), perToken);
    pass.routes().add(route);
    List<Route.Part> parts = route.parts();
    List<Value> said = new ArrayList<>();
    for (Route.Part part : parts) said.add(experts.get(part.expert()).forward(TakeRows.of(x, part.rows())));
    return Combine.of(route, parts, said);
  }
}
