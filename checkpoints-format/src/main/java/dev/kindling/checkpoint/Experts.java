package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

/**
 * A mixture of experts in the place of a feed-forward layer.
 *
 * @param count of experts in a layer; @param perToken how many of them a token goes to
 * @param balance weight of the load-balancing loss (Fedus et al. 2021, arXiv:2101.03961, eq. 4-6)
 * @param zLoss weight of the router's z-loss (Zoph et al. 2022, arXiv:2202.08906, eq. 5); 0: none
 * @param inLoss {@code output_router_logits}: whether the two are part of the training loss
 */
public record Experts(int count, int perToken, float balance, float zLoss, boolean inLoss) {
  public Experts {
    require(count > 0, "num_local_experts", count, "a whole number above 0");
    require(perToken > 0 && perToken <= count, "num_experts_per_tok", perToken,
        "between 1 and num_local_experts, " + count);
    require(balance >= 0, "router_aux_loss_coef", balance, "0 or a number above it");
    require(zLoss >= 0, "router_z_loss_coef", zLoss, "0 or a number above it");
  }
}
