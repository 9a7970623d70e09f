package dev.kindling.jobs.demo;

/** The demo's last lines: what was reached, and where it lies. */
record Closing(DemoSummary summary, double[] losses) {
  private static final int CURVE_WIDTH = 48;

  void print(Terminal terminal) {
    terminal.heading("Summary");
    terminal.line("data         %,d addresses: %,d tokens to learn from, %,d held out", summary.documents(),
        summary.trainingTokens(), summary.heldOutTokens());
    terminal.line("model        %,d parameters, %,d steps on %d rank%s, %s", summary.parameters(), summary.steps(),
        summary.ranks(), summary.ranks() == 1 ? "" : "s", summary.precision());
    terminal.line("kernels      %s", summary.kernels());
    terminal.line("speed        %,.0f tokens/s", summary.tokensPerSecond());
    if (losses.length > 0) {
      terminal.line("loss         %s  %.2f to %.2f", Terminal.sparkline(losses, CURVE_WIDTH), losses[0],
          losses[losses.length - 1]);
    }
    terminal.line("perplexity   %.2f; unigram %.2f, bigram %.2f, 5-gram %.2f", summary.validationPerplexity(),
        summary.unigramPerplexity(), summary.bigramPerplexity(), summary.fiveGramPerplexity());
    terminal.line("samples      %.1f%% of the words occur in the corpus; longest copied run %d of %d tokens",
        100 * summary.wordsInCorpus(), summary.longestCopiedTokens(), summary.sampledTokens());
    terminal.line("weights      %s", summary.weightsSha256());
    summary.paths().forEach((name, path) -> terminal.line("%-12s %s", name, path));
  }
}
