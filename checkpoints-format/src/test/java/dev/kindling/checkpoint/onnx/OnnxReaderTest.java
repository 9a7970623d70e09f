package dev.kindling.checkpoint.onnx;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static dev.kindling.checkpoint.onnx.OnnxBytes.attribute;
import static dev.kindling.checkpoint.onnx.OnnxBytes.bytes;
import static dev.kindling.checkpoint.onnx.OnnxBytes.initializer;
import static dev.kindling.checkpoint.onnx.OnnxBytes.littleEndian;
import static dev.kindling.checkpoint.onnx.OnnxBytes.message;
import static dev.kindling.checkpoint.onnx.OnnxBytes.model;
import static dev.kindling.checkpoint.onnx.OnnxBytes.node;
import static dev.kindling.checkpoint.onnx.OnnxBytes.number;
import static dev.kindling.checkpoint.onnx.OnnxBytes.packed;
import static dev.kindling.checkpoint.onnx.OnnxBytes.raw;
import static dev.kindling.checkpoint.onnx.OnnxBytes.tensor;
import static dev.kindling.checkpoint.onnx.OnnxBytes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX files, whichever of the ways of the specification holds their values. */
class OnnxReaderTest {
  private static final int FLOAT = 1, INT8 = 3, INT32 = 6, INT64 = 7, STRING = 8, FLOAT16 = 10, BFLOAT16 = 16;

  @TempDir
  Path folder;

  private OnnxReader open(byte[] file) throws IOException {
    return OnnxReader.open(CONF, hadoop(Files.write(folder.resolve("model.onnx"), file)));
  }

  private void assertRefused(byte[] file, String... parts) {
    assertThatThrownBy(() -> open(file).close()).isInstanceOf(UserError.class).hasMessageContaining("model.onnx")
        .hasMessageContainingAll(parts);
  }

  @Test
  void valuesAreReadFromRawDataAndFromPackedFloats() throws IOException {
    byte[] file = model(initializer("raw", FLOAT, new long[]{2, 3}, raw(1, 2, 3, 4, 5, 6)),
        initializer("packed", FLOAT, new long[]{2}, bytes(4, littleEndian(-0.5f, 7))),
        initializer("scalar", FLOAT, new long[0], raw(9)));
    try (OnnxReader in = open(file)) {
      assertThat(in.tensors()).containsExactly(TensorSpec.float32("raw", 2, 3), TensorSpec.float32("packed", 2),
          TensorSpec.float32("scalar"));
      assertThat(in.read("raw")).containsExactly(1, 2, 3, 4, 5, 6);
      float[] middle = new float[4];
      in.read("raw", 2, middle, 1, 3);
      assertThat(middle).containsExactly(0, 3, 4, 5);
      assertThat(in.read("packed")).containsExactly(-0.5f, 7);
      assertThat(in.read("scalar")).containsExactly(9);
    }
  }

  @Test
  void halvesAreReadFromRawBytesAndFromNumbersThatHoldTheirBits() throws IOException {
    byte[] file = model(
        initializer("half", FLOAT16, new long[]{2}, bytes(9, new byte[]{0, 0x3c, 0, (byte) 0xc0})),
        initializer("listed", FLOAT16, new long[]{2}, packed(5, 0x3c00, 0xc000)),
        initializer("brain", BFLOAT16, new long[]{1}, packed(5, 0x4049)));
    try (OnnxReader in = open(file)) {
      assertThat(in.read("half")).containsExactly(1, -2);
      assertThat(in.read("listed")).containsExactly(1, -2);
      assertThat(in.find("listed").type()).isEqualTo(ElementType.F16);
      assertThat(in.read("brain")).containsExactly(3.140625f);
    }
  }

  @Test
  void wholeNumbersAreReadPackedAndOneByOne() throws IOException {
    byte[] file = model(initializer("packed", INT64, new long[]{3}, packed(7, 1, -1, Long.MIN_VALUE)),
        initializer("singly", INT64, new long[]{2}, number(7, 5), number(7, -6)),
        initializer("small", INT32, new long[]{2}, packed(5, -7, 8)),
        initializer("bytes", INT8, new long[]{3}, packed(5, -1, 2, 3)));
    try (OnnxReader in = open(file)) {
      assertThat(in.readLongs(in.graph().tensor("packed"))).containsExactly(1, -1, Long.MIN_VALUE);
      assertThat(in.readLongs(in.graph().tensor("singly"))).containsExactly(5, -6);
      assertThat(in.readLongs(in.graph().tensor("small"))).containsExactly(-7, 8);
      assertThat(in.graph().tensor("bytes").inMemory()).containsExactly(-1, 2, 3);
      assertThatThrownBy(() -> in.read("bytes")).isInstanceOf(UserError.class).hasMessageContaining("bytes is I8");
    }
  }

  @Test
  void aShapeMayBePackedAndUnknownFieldsAndTypesAreSteppedOver() throws IOException {
    byte[] file = model(text(10, "documentation"), number(99, 3), out -> out.writeDouble(98, 1),
        out -> out.writeFloat(97, 1),
        bytes(5, message(packed(1, 1, 2), number(2, FLOAT), text(8, "packed"), raw(3, 4))),
        initializer("strings", STRING, new long[]{1}, text(6, "a")));
    try (OnnxReader in = open(file)) {
      assertThat(in.read("packed")).containsExactly(3, 4);
      assertThat(in.tensors()).hasSize(1);
      assertThat(in.graph().tensor("strings").type()).isEqualTo(OnnxType.STRING);
    }
  }

  @Test
  void weightsMayLieInAFileBesideTheModel() throws IOException {
    byte[] data = new byte[24];
    System.arraycopy(littleEndian(1, 2, 3, 4), 0, data, 8, 16);
    Files.write(folder.resolve("model.onnx.data"), data);
    byte[] file = model(external("here", new long[]{2, 2}, "model.onnx.data", "8", "16"),
        external("rest", new long[]{1}, "model.onnx.data", "20", null));
    try (OnnxReader in = open(file)) {
      assertThat(in.read("here")).containsExactly(1, 2, 3, 4);
      assertThat(in.read("rest")).containsExactly(4);
    }
    assertRefused(model(external("w", new long[]{9}, "model.onnx.data", "0", null)), "model.onnx.data is damaged",
        "ends within w");
    assertRefused(model(external("w", new long[]{1}, "other.data", "0", null)), "other.data", "does not exist");
    assertRefused(model(external("w", new long[]{1}, "../model.onnx", "0", null)), "must be one beside the model");
    assertRefused(model(external("w", new long[]{1}, "/etc/passwd", "0", null)), "must be one beside the model");
    assertRefused(model(external("w", new long[]{1}, "model.onnx.data", "x", null)), "the offset \"x\"");
    assertRefused(model(external("w", new long[]{1}, "model.onnx.data", "0", "8")), "needs 4 bytes and has 8");
  }

  /** The specification lets a location be any file beside the model, so also the model itself. */
  @Test
  void weightsMayLieInTheModelsOwnFileToo() throws IOException {
    byte[] file = model(external("w", new long[]{1}, "model.onnx", "0", "4"));
    try (OnnxReader in = open(file)) {
      float first = java.nio.ByteBuffer.wrap(file).order(java.nio.ByteOrder.LITTLE_ENDIAN).getFloat();
      assertThat(in.read("w")).containsExactly(first);
    }
    assertRefused(model(external("w", new long[]{900}, "model.onnx", "0", null)), "model.onnx is damaged",
        "ends within w");
  }

  private static OnnxBytes.Fields external(String name, long[] shape, String file, String offset, String length) {
    return initializer(name, FLOAT, shape, number(14, 1), entry("location", file), entry("offset", offset),
        length == null ? out -> {} : entry("length", length));
  }

  private static OnnxBytes.Fields entry(String key, String value) {
    return bytes(13, message(text(1, key), text(2, value)));
  }

  @Test
  void theGraphTellsWhoMakesAndWhoUsesAValue() throws IOException {
    byte[] file = model(bytes(11, message(text(1, "x"))), bytes(12, message(text(1, "y"))),
        initializer("w", FLOAT, new long[]{1, 1}, raw(2)),
        node("Constant", new String[0], "c",
            attribute("value", bytes(5, tensor("", INT64, new long[]{1}, number(7, 4))))),
        node("Identity", new String[]{"w"}, "same"),
        node("MatMul", new String[]{"x", "same"}, "y", attribute("beta", out -> out.writeFloat(2, 0.5f)),
            attribute("axis", number(3, -1)), attribute("mode", text(4, "fast")), attribute("perm", packed(8, 1, 0))));
    try (OnnxReader in = open(file)) {
      OnnxGraph graph = in.graph();
      assertThat(graph.inputs()).containsExactly("x");
      assertThat(graph.outputs()).containsExactly("y");
      assertThat(graph.tensor("same").name()).isEqualTo("w");
      assertThat(in.readLongs(graph.tensor("c"))).containsExactly(4);
      OnnxNode product = graph.producer("y");
      assertThat(graph.consumers("same")).containsExactly(product);
      assertThat(product.is("MatMul")).isTrue();
      assertThat(product.inputs()).containsExactly("x", "same");
      assertThat(product.attributes()).containsOnly(java.util.Map.entry("beta", 0.5f), java.util.Map.entry("axis", -1L),
          java.util.Map.entry("mode", "fast"), java.util.Map.entry("perm", List.of(1L, 0L)));
    }
  }

  @Test
  void whatDoesNotFitTogetherIsTold() {
    assertRefused(model(initializer("w", FLOAT, new long[]{3}, raw(1, 2))), "w needs 12 bytes and has 8");
    assertRefused(model(initializer("w", FLOAT, new long[]{-3}, raw(1))), "w has a shape beyond all sizes");
    assertRefused(model(initializer("w", FLOAT, new long[]{1L << 40, 1L << 40}, raw(1))), "shape beyond all sizes");
    assertRefused(model(initializer("w", 77, new long[]{1}, raw(1))), "w has the type 77");
    assertRefused(model(initializer("w", FLOAT, new long[]{1}, raw(1), raw(2))), "w holds its values twice");
    assertRefused(model(initializer("w", INT64, new long[]{3}, packed(7, 1, 2))), "w needs 3 values and has 2");
    assertRefused(
        model(initializer("w", FLOAT, new long[]{1}, raw(1)), initializer("w", FLOAT, new long[]{1}, raw(1))),
        "w is there twice");
  }

  @Test
  void aFileThatIsCutOffAnywhereIsTold() throws IOException {
    byte[] file = model(initializer("w", FLOAT, new long[]{3}, raw(1, 2, 3)), node("Relu", new String[]{"w"}, "y"));
    int whole = 0;
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      try (OnnxReader in = open(cut)) {
        whole++;                                        // only what follows the graph is missing
        assertThat(in.read("w")).containsExactly(1, 2, 3);
      } catch (UserError e) {
        assertThat(e).hasMessageContaining("model.onnx is damaged or no ONNX file: ");
      }
    }
    assertThat(whole).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GGUF0000", "{\"model_type\": \"bert\"}", "PK\u0003\u0004 a zip file's beginning"})
  void otherFilesAreNoOnnxFiles(String content) {
    assertRefused(content.getBytes(java.nio.charset.StandardCharsets.UTF_8), "damaged or no ONNX file");
  }

  @Test
  void aMissingFileIsTold() {
    assertThatThrownBy(() -> OnnxReader.open(CONF, hadoop(folder.resolve("none.onnx")))).isInstanceOf(UserError.class)
        .hasMessageContaining("none.onnx does not exist");
  }
}
