package dev.kindling.train.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Rope;
import dev.kindling.checkpoint.RopeScaling.Dynamic;
import dev.kindling.checkpoint.RopeScaling.Linear;
import dev.kindling.checkpoint.RopeScaling.Llama3;
import dev.kindling.checkpoint.RopeScaling.None;
import dev.kindling.train.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Cosines and sines of the last position of a sequence, heads of 16: transformers 5.18's LlamaRotaryEmbedding and
 * Phi3RotaryEmbedding are the oracle.
 */
class RotaryTableTest {
  private static final int HEAD = 16;
  private static final String SHORT = "1.0,1.1,1.2,1.3,1.5,2.0,2.5,3.0";
  private static final String LONG = "2.0,3.0,4.0,6.0,8.0,10.0,12.0,16.0";

  private static Rope rope(String family, String more) {
    String json = "{'model_type':'" + family + "','vocab_size':9,'hidden_size':64,'intermediate_size':8,"
        + "'num_hidden_layers':1,'num_attention_heads':4,'max_position_embeddings':256," + more + "}";
    byte[] bytes = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    return ((LlamaConfig) ModelConfig.parse(Json.parse(bytes, "test"), "test")).rope();
  }

  private static Rope config(String more) {
    return rope("llama", more);
  }

  private static Rope phi(String share, String shorter, String longer) {
    return rope("phi3", "'original_max_position_embeddings':64,'partial_rotary_factor':" + share
        + ",'rope_scaling':{'type':'longrope','short_factor':[" + shorter + "],'long_factor':[" + longer + "]}");
  }

  static Stream<Arguments> scalings() {
    return Stream.of(Arguments.of("default", Rope.of(64), 38,
        new float[]{0.7654141f, 0.6479217f, -0.8481f, 0.3901123f, 0.9323273f, 0.9931628f, 0.9993156f, 0.9999316f},
        new float[]{-0.6435381f, -0.7617069f, -0.5298362f, 0.9207673f, 0.3616154f, 0.1167375f, 0.0369916f, 0.0117002f}),
        Arguments.of("theta", new Rope(500_000, 1, 64, new None()), 38,
            new float[]{0.7654141f, 0.6278901f, 0.1784129f, 0.9638166f, 0.9986313f, 0.9999485f, 0.9999981f, 0.9999999f},
            new float[]{-0.6435381f, 0.778302f, 0.9839557f, 0.2665662f, 0.052302f, 0.010147f, 0.0019678f, 0.0003816f}),
        Arguments.of("linear", new Rope(10_000, 1, 64, new Linear(4)), 38,
            new float[]{-0.9847652f, -0.9766583f, 0.6018346f, 0.9575229f, 0.9957249f, 0.9995722f, 0.9999572f,
                0.9999957f},
            new float[]{0.1738895f, 0.2147989f, 0.7986208f, 0.2883572f, 0.0923681f, 0.0292469f, 0.0092499f,
                0.0029251f}),
        Arguments.of("dynamic", new Rope(10_000, 1, 64, new Dynamic(2)), 100,
            new float[]{0.0398209f, -0.9866205f, -0.1275293f, -0.6408566f, 0.799979f, 0.9833515f, 0.9986542f,
                0.9998915f},
            new float[]{-0.9992068f, 0.1630339f, 0.9918348f, 0.7676606f, 0.600028f, 0.1817138f, 0.0518617f, 0.014732f}),
        Arguments.of("dynamic-short", new Rope(10_000, 1, 64, new Dynamic(2)), 38,
            new float[]{0.7654141f, 0.6479217f, -0.8481f, 0.3901123f, 0.9323273f, 0.9931628f, 0.9993156f, 0.9999316f},
            new float[]{-0.6435381f, -0.7617069f, -0.5298362f, 0.9207673f, 0.3616154f, 0.1167375f, 0.0369916f,
                0.0117002f}),
        Arguments.of("yarn",
            config("'rope_scaling':{'type':'yarn','factor':4.0,'original_max_position_embeddings':64}"), 200,
            new float[]{-0.5370069f, -1.1355885f, -0.9851567f, -0.0027747f, 1.000603f, 1.1245676f, 1.1372206f,
                1.1384885f},
            new float[]{-1.0040421f, -0.083161f, -0.5709144f, 1.1386261f, 0.5433882f, 0.1783949f, 0.0566235f,
                0.0179126f}),
        Arguments.of("yarn-nontrunc",
            config("'rope_scaling':{'type':'yarn','factor':4.0,'original_max_position_embeddings':64,'truncate':false,"
                + "'attention_factor':0.9,'beta_fast':16,'beta_slow':2}"),
            200,
            new float[]{-0.4244631f, -0.2621564f, 0.2336425f, -0.0021932f, 0.7909005f, 0.8888852f, 0.8988864f,
                0.8998886f},
            new float[]{-0.793619f, -0.8609727f, -0.8691439f, 0.8999973f, 0.4295071f, 0.1410076f, 0.0447565f,
                0.0141585f}),
        Arguments.of("yarn-mscale",
            config("'rope_scaling':{'type':'yarn','factor':4.0,'original_max_position_embeddings':64,'mscale':0.7,"
                + "'mscale_all_dim':1.2}"),
            200,
            new float[]{-0.4435977f, -0.9380596f, -0.8137945f, -0.0022921f, 0.8265539f, 0.9289557f, 0.9394078f,
                0.9404551f},
            new float[]{-0.8293949f, -0.0686957f, -0.4716072f, 0.9405687f, 0.448869f, 0.1473642f, 0.0467741f,
                0.0147968f}),
        Arguments.of("llama3", new Rope(10_000, 1, 256, new Llama3(8, 1, 4, 32)), 200,
            new float[]{-0.4716257f, 0.975327f, -0.7936003f, 0.7062446f, 0.9692209f, 0.9969078f, 0.9996907f,
                0.9999691f},
            new float[]{-0.8817989f, 0.2207653f, 0.6084394f, 0.7079678f, 0.2461926f, 0.0785806f, 0.0248724f,
                0.0078661f}),
        Arguments.of("longrope-short", phi("1.0", SHORT, LONG), 64,
            new float[]{1.1384153f, 0.8540084f, 0.5913054f, 0.0442233f, 1.0543443f, 1.1489766f, 1.1543338f, 1.154675f},
            new float[]{0.1932457f, -0.7771762f, -0.9918121f, 1.1538533f, 0.4708412f, 0.1148316f, 0.0290954f,
                0.0076681f}),
        Arguments.of("longrope-long", phi("1.0", SHORT, LONG), 65,
            new float[]{0.9632781f, 1.0331264f, -0.0337167f, 1.0896313f, 1.1510074f, 1.154464f, 1.1546841f, 1.1546996f},
            new float[]{0.6367327f, 0.5157357f, 1.1542082f, 0.3821476f, 0.0922775f, 0.0233679f, 0.0061584f,
                0.0014606f}),
        Arguments.of("longrope-partial", phi("0.75", SHORT.substring(0, 23), LONG.substring(0, 24)), 65,
            new float[]{0.9632781f, -0.1339455f, 0.8506405f, 1.1481378f, 1.154529f, 1.1546954f},
            new float[]{0.6367327f, -1.1469053f, 0.780861f, 0.1229346f, 0.0199008f, 0.0034302f}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("scalings")
  void anglesAreThoseOfTransformers(String name, Rope rope, int length, float[] cosines, float[] sines) {
    try (RotaryTable table = new RotaryTable(rope, HEAD)) {
      table.lengthen(length);
      assertThat(table.dimensions()).isEqualTo(2 * cosines.length);
      assertThat(last(table.tables().cos(), length)).containsExactly(cosines, Offset.offset(2e-5f));
      assertThat(last(table.tables().sin(), length)).containsExactly(sines, Offset.offset(2e-5f));
    }
  }

  private static float[] last(Tensor table, int length) {
    int half = (int) table.dim(1);
    return Arrays.copyOfRange(table.toFloats(), (length - 1) * half, length * half);
  }

  @Test
  void aTableThatWasLongerIsRightForShorterSequencesAgain() {
    Rope dynamic = new Rope(10_000, 1, 64, new Dynamic(2));
    try (RotaryTable once = new RotaryTable(dynamic, HEAD); RotaryTable often = new RotaryTable(dynamic, HEAD)) {
      once.lengthen(40);
      for (long length : new long[]{128, 90, 300, 40}) often.lengthen(length);
      assertThat(last(often.tables().cos(), 40)).containsExactly(last(once.tables().cos(), 40));
      assertThat(often.variant(40)).isEqualTo(often.variant(64)).isNotEqualTo(often.variant(65));
    }
  }
}
