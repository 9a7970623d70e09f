package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.BertFamily;
import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.Experts;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.HeadShape;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;

/**
 * The shape of a model; its vocabulary is the dataset's, and what its objective needs besides. What is 0 is the family's usual choice.
 *
 * @param keyValueHeads of Llama's kin: a divisor of {@code heads}; 0: as many
 * @param headWidth of Llama's kin and of T5; 0: width over heads
 * @param innerWidth of the feed-forward layers; 0: 4 times the width, with a gate 8/3 of it
 * @param contextLength most tokens of a sequence; 0: the dataset's sequence length
 * @param window tokens that a token sees, itself included; 0: all before it. In Gemma 2 every second layer has it
 * @param positions of a GPT-2: LEARNED, or SINUSOIDAL
 * @param experts of a Mixtral's layer; 0: 8; @param expertsPerToken 0: 2
 * @param dropout the share that is zeroed at random while the model learns, wherever its family does that: of embeddings, of what
 *        layers add, of attention's weights (in Llama's kin of these alone)
 * @param routerBalance of a Mixtral, weight of the loss that keeps its experts busy alike; 0: 0.02
 * @param routerZLoss of a Mixtral, weight of the loss that keeps its router's logits small, such as 0.001; 0: none
 * @param from folder of a trained model that the run begins with, which then says the shape; empty: the model is fresh
 */
public record ModelSettings(ModelFamily family, int layers, int heads, int keyValueHeads, int width, int headWidth,
    int innerWidth, int contextLength, int window, int experts, int expertsPerToken,
    Positions positions, double dropout, double routerBalance, double routerZLoss,
    String from) implements Serializable {
  private static final int INNER_MULTIPLE = 64;

  /** How a GPT-2 knows where a token stands. */
  public enum Positions {
    LEARNED, SINUSOIDAL
  }

  public ModelSettings {
    require(layers > 0, "model.layers", layers, "1 or more");
    require(heads > 0, "model.heads", heads, "1 or more");
    require(width > 0 && width % heads == 0, "model.width", width, "a positive multiple of model.heads, " + heads);
    require(innerWidth >= 0, "model.innerWidth", innerWidth, "a width, or 0 for the family's usual one");
    require(contextLength >= 0, "model.contextLength", contextLength,
        "a number of tokens, or 0 for the dataset's sequence length");
    boolean grouped = keyValueHeads > 0 && heads % keyValueHeads == 0 && family.isLlama();
    require(keyValueHeads == 0 || keyValueHeads == heads || grouped, "model.keyValueHeads", keyValueHeads,
        family.isLlama()
            ? "a divisor of model.heads, " + heads + ", or 0 for as many"
            : only(family, "heads of its own"));
    boolean ownHeads = family.isLlama() || family.objective() == ObjectiveSettings.Kind.SPAN_CORRUPTION;
    require(headWidth == 0 || headWidth > 0 && ownHeads, "model.headWidth", headWidth,
        ownHeads ? "a width, or 0 for width over heads" : only(family, "width over heads"));
    require(window == 0 || window > 0 && family.slides(), "model.window", window,
        family.slides() ? "a number of tokens, or 0 for no window" : only(family, "no window"));
    boolean mixture = family == ModelFamily.MIXTRAL;
    require(experts == 0 || experts > 0 && mixture, "model.experts", experts,
        mixture ? "1 or more, or 0 for 8" : only(family, "no experts"));
    require(expertsPerToken == 0 || expertsPerToken > 0 && mixture, "model.expertsPerToken", expertsPerToken,
        mixture ? "1 or more, or 0 for 2" : only(family, "no experts"));
    require(positions == Positions.LEARNED || family == ModelFamily.GPT2, "model.positions", positions,
        "LEARNED: other families than gpt2 have positions of their own");
    require(dropout >= 0 && dropout < 1, "model.dropout", dropout, "a share from 0 on and below 1");
    require(routerBalance == 0 || isWeight(routerBalance) && mixture, "model.routerBalance", routerBalance,
        mixture ? "the weight of a loss, or 0 for 0.02" : only(family, "no experts"));
    require(routerZLoss == 0 || isWeight(routerZLoss) && mixture, "model.routerZLoss", routerZLoss,
        mixture ? "the weight of a loss, or 0 for none" : only(family, "no experts"));
  }

  private static boolean isWeight(double weight) {
    return weight > 0 && weight < Double.POSITIVE_INFINITY;
  }

  /** Learns without dropout. */
  public ModelSettings(ModelFamily family, int layers, int heads, int keyValueHeads, int width, int headWidth,
      int innerWidth, int contextLength, int window, int experts, int expertsPerToken, Positions positions) {
    this(family, layers, heads, keyValueHeads, width, headWidth, innerWidth, contextLength, window, experts,
        expertsPerToken, positions, 0, 0, 0, "");
  }

  private static String only(ModelFamily family, String what) {
    return "0: a model of the family " + family.name().toLowerCase(Locale.ROOT) + " has " + what;
  }

  /** A GPT-2. @param innerWidth 0: 4 times the width; @param contextLength 0: the dataset's sequence length */
  public ModelSettings(int layers, int heads, int width, int innerWidth, int contextLength) {
    this(ModelFamily.GPT2, layers, heads, 0, width, 0, innerWidth, contextLength, 0, 0, 0, Positions.LEARNED);
  }

  /** 4 layers of width 256: 3 to 6 million parameters, with a small vocabulary. */
  public static ModelSettings defaults() {
    return new ModelSettings(4, 4, 256, 0, 0);
  }

  public ModelSettings withFamily(ModelFamily other) {
    return new ModelSettings(other, layers, heads, keyValueHeads, width, headWidth, innerWidth, contextLength, window,
        experts, expertsPerToken, positions, dropout, routerBalance, routerZLoss, from);
  }

  /** @param folder of a trained model */
  public ModelSettings withFrom(String folder) {
    return new ModelSettings(family, layers, heads, keyValueHeads, width, headWidth, innerWidth, contextLength, window,
        experts, expertsPerToken, positions, dropout, routerBalance, routerZLoss, folder);
  }

  /** The same with a path that means on an executor what it means here. */
  ModelSettings absolute(Configuration hadoop) {
    return from.isEmpty() ? this : withFrom(Storage.absolute(hadoop, from));
  }

  public ModelSettings withDropout(double share) {
    return new ModelSettings(family, layers, heads, keyValueHeads, width, headWidth, innerWidth, contextLength, window,
        experts, expertsPerToken, positions, share, routerBalance, routerZLoss, from);
  }

  /** The whole configuration for a dataset. @throws UserError where its sequences are longer than the context */
  ModelConfig config(ExtraTokens extra, int sequenceLength, int endOfText) {
    int context = contextLength == 0 ? sequenceLength : contextLength;
    if (sequenceLength > context) {
      throw new UserError(
          "model.contextLength is " + contextLength + "; it must be at least the dataset's sequence length, "
              + sequenceLength + ", or 0 to be the same: set it, or prepare the dataset with shorter sequences");
    }
    return shaped(extra, context, endOfText).withDropout(DropoutRates.of((float) dropout));
  }

  private ModelConfig shaped(ExtraTokens extra, int context, int endOfText) {
    return switch (family) {
      case BERT, ROBERTA, DISTILBERT ->
        EncoderShape.bert(this, BertFamily.valueOf(family.name()), extra, context, endOfText);
      case T5, T5_V1_1 -> EncoderShape.t5(this, family == ModelFamily.T5_V1_1, extra, context, endOfText);
      default -> decoder(extra.vocabulary(), context).withEndOfText(endOfText);
    };
  }

  private DecoderConfig decoder(int vocabularySize, int context) {
    return switch (family) {
      case GPT2 -> gpt2(vocabularySize, context);
      case GPT_NEOX -> neox(vocabularySize, context);
      case BLOOM -> bloom(vocabularySize, context);
      default -> llama(vocabularySize, context);
    };
  }

  private Gpt2Config gpt2(int vocabularySize, int context) {
    Gpt2Config usual = Gpt2Config.of(vocabularySize, context, width, layers, heads);
    return new Gpt2Config(vocabularySize, context, width, layers, heads,
        innerWidth == 0 ? usual.innerWidth() : innerWidth,
        usual.layerNormEpsilon(), usual.tiedHead(), usual.initializerRange(), positions == Positions.SINUSOIDAL,
        usual.beginToken(), usual.endTokens());
  }

  private GptNeoxConfig neox(int vocabularySize, int context) {
    GptNeoxConfig usual = GptNeoxConfig.of(vocabularySize, context, width, layers, heads);
    return innerWidth == 0
        ? usual
        : new GptNeoxConfig(vocabularySize, width, layers, heads, usual.rope(), innerWidth, usual.activation(),
            usual.parallel(), usual.attentionBias(), usual.normEpsilon(), usual.tiedHead(), usual.initializerRange(),
            usual.tokens());
  }

  private BloomConfig bloom(int vocabularySize, int context) {
    require(innerWidth == 0 || innerWidth == 4 * width, "model.innerWidth", innerWidth,
        "0: BLOOM's is 4 times model.width");
    return BloomConfig.of(vocabularySize, context, width, layers, heads);
  }

  private LlamaConfig llama(int vocabularySize, int context) {
    int inner = innerWidth > 0 ? innerWidth : (8 * width / 3 + INNER_MULTIPLE - 1) / INNER_MULTIPLE * INNER_MULTIPLE;
    int groups = keyValueHeads == 0 ? heads : keyValueHeads;
    LlamaConfig usual = LlamaConfig.of(family.llama(), vocabularySize, context, width, layers, heads, groups, inner);
    HeadShape shape = usual.attention();
    int head = headWidth == 0 ? shape.width() : headWidth;
    List<Integer> windows = new ArrayList<>();
    for (int n = 0; n < layers; n++) windows.add(family == ModelFamily.GEMMA2 && n % 2 == 1 ? 0 : window);
    LlamaConfig shaped = usual.withAttention(new HeadShape(heads, groups, head, shape.inputBias(), shape.outputBias(),
        windows, head, shape.softcap()));
    if (family != ModelFamily.MIXTRAL) return shaped;
    Experts most = usual.experts();
    return shaped.withExperts(new Experts(experts == 0 ? most.count() : experts,
        expertsPerToken == 0 ? most.perToken() : expertsPerToken,
        routerBalance == 0 ? most.balance() : (float) routerBalance, (float) routerZLoss, most.inLoss()));
  }
}
