package dev.kindling.train.loop;

import dev.kindling.train.collective.GradientExchange;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** An optimizer with what the exchange of gradients keeps from step to step: all that a checkpoint needs besides the weights. */
record KeptStates(Optimizer optimizer, GradientExchange exchange, Tensor weights) implements Optimizer {
  @Override
  public void step(Tensor all, Tensor gradients, double gradientScale, long step, double factor) {
    optimizer.step(all, gradients, gradientScale, step, factor);
  }

  @Override
  public List<State> states() {
    List<State> all = new ArrayList<>();
    for (State s : optimizer.states()) all.add(new State(exchange.named(s.name()), s.from(), s.values()));
    all.addAll(exchange.states(weights));
    return all;
  }

  @Override
  public void close() {
    optimizer.close();
    exchange.close();
  }
}
