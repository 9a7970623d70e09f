package dev.kindling.train.loop;

/** Is told the losses of single labels, on every rank, while a step is computed. */
public interface LabelLosses {
  /** Wants none. */
  LabelLosses NONE = new LabelLosses() {
    @Override
    public boolean wants(long step) {
      return false;
    }

    @Override
    public void add(long step, int virtualRank, int accumulation, float[] losses) {
    }
  };

  /** @param step counted from 1 */
  boolean wants(long step);

  /**
   * A micro-batch of a step that is wanted.
   *
   * @param losses in nats, one for each position of its targets, 0 where that does not count; none where no label does
   */
  void add(long step, int virtualRank, int accumulation, float[] losses);
}
