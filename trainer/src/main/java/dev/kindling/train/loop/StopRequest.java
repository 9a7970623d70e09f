package dev.kindling.train.loop;

/** When a run that is not at its last step shall end, with a checkpoint. The strongest wish of any rank counts for all. */
public enum StopRequest {
  /** It goes on. */
  NONE,
  /** With the next checkpoint that is due anyway, so that it can go on with other ranks and lose nothing. */
  AT_CHECKPOINT,
  /** After the step that runs now. */
  NOW;

  /** The stronger of two. */
  public StopRequest or(StopRequest other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
