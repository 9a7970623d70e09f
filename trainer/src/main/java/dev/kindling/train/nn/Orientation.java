package dev.kindling.train.nn;

/** Which way round a file stores the matrix W of y = x W. */
public enum Orientation {
  /** [in, out]: OpenAI's Conv1D, in GPT-2. */
  IN_OUT,
  /** [out, in]: torch's Linear, in all others. */
  OUT_IN
}
