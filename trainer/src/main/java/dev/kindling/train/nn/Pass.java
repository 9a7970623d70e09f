package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Route;
import dev.kindling.train.autodiff.Value;
import java.util.List;

/**
 * What all layers of a decoder are given while the rows at hand run through them.
 *
 * @param context what they attend to
 * @param bias of all layers' scores, float32 [heads, queryTime + keyTime - 1], or null
 * @param routes where routers leave what they chose, layer after layer
 */
public record Pass(Context context, Value bias, List<Route> routes) {}
