package dev.kindling.train.loop;

/**
 * Where a run stands after a step.
 *
 * @param step just done, counted from 1; @param steps of the whole run
 * @param loss mean of this step's labels, in nats; 0 when it had none
 * @param labels that counted in this step; with 0 of them the weights keep their bits
 * @param rate the optimizer's learning rate in this step
 * @param gradientNorm of the mean gradient, before clipping; the mean of the ranks' own where they learn apart
 * @param tokens positions read in this step, over all ranks
 * @param tokensPerSecond over all ranks, since the last report
 * @param secondsLeft to the last step, at the speed of the newest steps; NaN after the first one, which tells nothing
 * @param offHeap bytes that this process holds outside its heap: weights, gradients, states, activations
 * @param gradientBytes that all ranks together sent in this step, without the weights on their way back
 */
public record Progress(long step, long steps, double loss, long labels, double rate, double gradientNorm, long tokens,
    double tokensPerSecond, double secondsLeft, long offHeap, long gradientBytes) {}
