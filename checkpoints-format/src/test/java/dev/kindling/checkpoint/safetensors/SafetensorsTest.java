package dev.kindling.checkpoint.safetensors;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  @TempDir
  Path folder;

  static WeightSource small() {
    return TinyModel.none().with(TensorSpec.float32("b", 2, 3), 1, -2, 3.5f, 1e-30f, Float.NaN, 6)
        .with(TensorSpec.float32("a", 3), 7, 8, 9).with(TensorSpec.float32("scalar"), 4)
        .with(TensorSpec.float32("empty", 0, 5));
  }

  /** A file with this header and so many bytes of data. */
  private org.apache.hadoop.fs.Path file(String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(json.length).put(json);
    while (all.hasRemaining()) all.put((byte) all.position());
    Path path = folder.resolve("x.safetensors");
    Files.write(path, all.array());
    return hadoop(path);
  }

  private static String tensor(String name, String type, String shape, long from, long to) {
    return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" + from + "," + to
        + "]}";
  }

  @Test
  void whatTheReferenceWroteIsRead() {
    try (SafetensorsReader golden = SafetensorsReader.open(CONF,
        TinyModel.golden("gpt2", "golden.safetensors"))) {
      // The first row of the batch that generate.py made, and the loss that transformers computed.
      assertThat(golden.find("output.greedy").type()).isEqualTo(ElementType.I64);
      long[] greedy = golden.readLongs("output.greedy"), ids = golden.readLongs("input.input_ids");
      assertThat(greedy).startsWith(java.util.Arrays.copyOf(ids, greedy.length - 16));
      assertThat(golden.read("output.loss")).hasSize(1)
          .satisfies(loss -> assertThat(loss[0]).isBetween(4.859f, 4.860f));
    }
  }

  @Test
  void aWrittenFileReadsBackTheSame() throws Exception {
    FileEntry entry = SafetensorsWriter.write(CONF, hadoop(folder.resolve("m.safetensors")), small());
    byte[] bytes = Files.readAllBytes(folder.resolve("m.safetensors"));
    assertThat(entry.size()).isEqualTo(bytes.length);
    assertThat(entry.sha256()).isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    assertThat(folder).isDirectoryNotContaining(p -> p.getFileName().toString().endsWith(".tmp"));
    try (SafetensorsReader in = SafetensorsReader.open(CONF, hadoop(folder.resolve("m.safetensors")))) {
      assertThat(in.tensors()).extracting(TensorSpec::name).containsExactly("a", "b", "empty", "scalar");
      assertThat(in.read("b")).containsExactly(1, -2, 3.5f, 1e-30f, Float.NaN, 6);
      assertThat(in.read("scalar")).containsExactly(4);
      assertThat(in.read("empty")).isEmpty();
      float[] part = new float[4];
      in.read("b", 2, part, 1, 2);
      assertThat(part).containsExactly(0, 3.5f, 1e-30f, 0);
      assertThatThrownBy(() -> in.read("b", 5, part, 0, 2)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> in.read("c")).isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** REPORTS C02: transformers refuses files without the format; values are strings; readers take what is absent. */
  @Test
  void theMetadataSayPtAndTheDataAreAligned() throws Exception {
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("m.safetensors")), small());
    byte[] bytes = Files.readAllBytes(folder.resolve("m.safetensors"));
    long n = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat((8 + n) % 8).isZero();
    assertThat(new String(bytes, 8, (int) n, StandardCharsets.UTF_8))
        .startsWith("{\"__metadata__\":{\"format\":\"pt\"},\"a\":{");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"__metadata__\":{},", "\"__metadata__\":{\"format\":\"mlx\"},",
      "\"__metadata__\":null,"})
  void anyOrNoMetadataLoad(String metadata) throws Exception {
    var path = file("{" + metadata + tensor("a", "F32", "[1]", 0, 4) + "}   ", 4);
    try (SafetensorsReader in = SafetensorsReader.open(CONF, path)) {
      assertThat(in.read("a")).hasSize(1);
    }
  }

  @Test
  void sixteenBitTypesAreWrittenRoundedAndReadExactly() throws Exception {
    WeightSource values = TinyModel.none().with(TensorSpec.float32("w", 4), 1, 0.94f, -65504, 1e-7f);
    for (ElementType type : List.of(ElementType.F16, ElementType.BF16)) {
      SafetensorsWriter.write(CONF, hadoop(folder.resolve(type + ".safetensors")), values, type, Map.of("by", "test"));
      try (SafetensorsReader in = SafetensorsReader.open(CONF, hadoop(folder.resolve(type + ".safetensors")))) {
        assertThat(in.metadata()).containsEntry("by", "test").containsEntry("format", "pt");
        assertThat(in.find("w")).isEqualTo(new TensorSpec("w", type, new long[]{4}));
        if (type == ElementType.F16) assertThat(in.read("w")).containsExactly(1, 0.93994140625f, -65504, 0x1p-23f);
        else assertThat(in.read("w")).containsExactly(1, 0.94140625f, -65536, 0x1.aep-24f);
      }
    }
  }

  @Test
  void wholeNumbersAreReadAsSuch() throws Exception {
    var path = file("{" + tensor("a", "I64", "[2]", 0, 16) + "," + tensor("b", "I32", "[1]", 16, 20) + "}", 20);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("x.safetensors")))
        .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(bytes.limit() - 20, -5).putLong(bytes.limit() - 12, 1L << 40).putInt(bytes.limit() - 4, -7);
    Files.write(folder.resolve("x.safetensors"), bytes.array());
    try (SafetensorsReader in = SafetensorsReader.open(CONF, path)) {
      assertThat(in.readLongs("a")).containsExactly(-5, 1L << 40);
      assertThat(in.readLongs("b")).containsExactly(-7);
      assertThat(in.read("b")).containsExactly(-7f);
    }
  }

  @Test
  void aTensorOfAnUnreadTypeDoesNotKeepTheFileFromOpening() throws Exception {
    var path = file("{" + tensor("mask", "BOOL", "[4]", 0, 4) + "," + tensor("w", "F32", "[1]", 4, 8) + "}", 8);
    try (SafetensorsReader in = SafetensorsReader.open(CONF, path)) {
      assertThat(in.read("w")).hasSize(1);
      assertThatThrownBy(() -> in.read("mask")).isInstanceOf(UserError.class).hasMessageContaining("mask is BOOL");
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}|b overlaps",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[6,6]}}|b leaves a gap",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}|a leaves a gap",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|2 bytes after its last tensor",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|of 6 there are; the file was truncated",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,6]}}|needs 8 bytes and has 6",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[6,2]}}|a lies at bytes 6 to 2",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}|negative",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,6]}}|beyond all sizes",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,6]}}|not valid JSON",
      "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}|has the dtype F31",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}|a lacks one of",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}|a lacks one of",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}|unknown key",
      "{\"a\":[1]}|START_OBJECT belongs", "{\"__metadata__\":{\"format\":1}}|VALUE_STRING belongs",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[3,6]}}|is there twice",
      "{}x|not valid JSON",
      "{\"a\":|not valid JSON", "[1]|does not begin with {"})
  void aHeaderThatDoesNotFitItsFileIsToldByName(String header, String message) throws Exception {
    var path = file(header, 6);
    assertThatThrownBy(() -> SafetensorsReader.open(CONF, path)).isInstanceOf(UserError.class)
        .hasMessageContaining("x.safetensors").hasMessageContaining(message);
  }

  @Test
  void truncatedAndForeignFilesAreToldByName() throws Exception {
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("m.safetensors")), small());
    byte[] whole = Files.readAllBytes(folder.resolve("m.safetensors"));
    for (int length = 0; length < whole.length; length++) {
      Files.write(folder.resolve("cut.safetensors"), java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> SafetensorsReader.open(CONF, hadoop(folder.resolve("cut.safetensors"))))
          .isInstanceOf(UserError.class).hasMessageContaining("cut.safetensors is damaged");
    }
    Files.write(folder.resolve("cut.safetensors"), new byte[]{-1, -1, -1, -1, -1, -1, -1, 127, '{', '}', ' '});
    assertThatThrownBy(() -> SafetensorsReader.open(CONF, hadoop(folder.resolve("cut.safetensors"))))
        .hasMessageContaining("its header claims 9223372036854775807 bytes");
  }

  @Test
  void shardsAreReadThroughTheirIndex() throws Exception {
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("one.safetensors")),
        TinyModel.none().with(TensorSpec.float32("a", 2), 1, 2));
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("two.safetensors")),
        TinyModel.none().with(TensorSpec.float32("b", 1), 3));
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index,
        "{\"metadata\":{\"total_size\":12},\"weight_map\":{\"b\":\"two.safetensors\",\"a\":\"one.safetensors\"}}");
    try (SafetensorsReader in = SafetensorsReader.open(CONF, hadoop(folder))) {
      assertThat(in.tensors()).containsExactlyInAnyOrder(TensorSpec.float32("a", 2), TensorSpec.float32("b", 1));
      assertThat(in.read("a")).containsExactly(1, 2);
      assertThat(in.read("b")).containsExactly(3);
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"{\"weight_map\":{\"b\":\"one.safetensors\"}}|lacks the tensor b",
      "{\"weight_map\":{\"a\":\"three.safetensors\"}}|three.safetensors does not exist", "{}|weight_map is missing",
      "{\"weight_map\":{\"a\":\"../one.safetensors\"}}|must be a file beside the index",
      "{\"weight_map\":{\"a\":7}}|must be a file beside the index"})
  void anIndexThatDoesNotFitIsToldByName(String json, String message) throws Exception {
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("one.safetensors")),
        TinyModel.none().with(TensorSpec.float32("a", 2), 1, 2));
    Files.writeString(folder.resolve("model.safetensors.index.json"), json);
    assertThatThrownBy(() -> SafetensorsReader.open(CONF, hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining(message);
  }

  /** A sparse file: its header says 6 GB, of which the last elements are read. */
  @Test
  void positionsBeyondTwoGigabytesAreRead() throws Exception {
    long count = 1_500_000_000L;
    byte[] json = ("{" + tensor("w", "F32", "[" + count + "]", 0, 4 * count) + "}").getBytes(StandardCharsets.UTF_8);
    Path path = folder.resolve("large.safetensors");
    try (var out = new java.io.RandomAccessFile(path.toFile(), "rw")) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
      out.write(json);
      out.setLength(8 + json.length + 4 * count);
      out.seek(8 + json.length + 4 * (count - 1));
      out.writeInt(Integer.reverseBytes(Float.floatToIntBits(42)));
    }
    try (SafetensorsReader in = SafetensorsReader.open(CONF, hadoop(path))) {
      float[] last = new float[3];
      in.read("w", count - 3, last, 0, 3);
      assertThat(last).containsExactly(0, 0, 42);
    }
  }

  @Test
  void aWriteThatFailsLeavesNothingBehind() {
    WeightSource failing = new WeightSource() {
      @Override
      public List<TensorSpec> tensors() {
        return List.of(TensorSpec.float32("w", 10));
      }

      @Override
      public void read(String name, long from, float[] into, int offset, int count) {
        throw new IllegalStateException("gone");
      }
    };
    assertThatThrownBy(() -> SafetensorsWriter.write(CONF, hadoop(folder.resolve("m.safetensors")), failing))
        .hasMessage("gone");
    assertThat(folder).isEmptyDirectory();
  }
}
