package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.checkpoint.gguf.GgufExport;
import dev.kindling.checkpoint.gguf.GgufReader;
import dev.kindling.checkpoint.gguf.GgufType;
import dev.kindling.checkpoint.onnx.OnnxBert;
import dev.kindling.checkpoint.onnx.OnnxBytes;
import dev.kindling.checkpoint.onnx.OnnxReader;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever bytes a file has, reading it succeeds or is a UserError, and asks for no memory that the file's size does
 * not bear out.
 */
class MutatedFilesTest {
  /** Small files are read here; a length taken on trust would be far above. */
  private static final long MOST_MEMORY = 40L << 20;
  private static Path folder;
  private static byte[] safetensors, gguf, onnx, manifest, config;

  @BeforeContainer
  static void write() throws IOException {
    folder = Files.createTempDirectory("mutated");
    Gpt2Config small = TinyModel.write(folder.resolve("model"), Gpt2Config.of(300, 4, 4, 1, 2), 1);
    try (ModelFolder model = ModelFolder.open(CONF, hadoop(folder.resolve("model")))) {
      GgufExport.write(CONF, model, hadoop(folder.resolve("model.gguf")), GgufType.F16);
    }
    CheckpointWriter writer = new CheckpointStore(CONF, hadoop(folder)).begin(7);
    writer.model(small, TinyModel.random(small, 1), TokenizerFiles.of(small, TinyModel.tokenizerJson()));
    writer.commit();
    safetensors = Files.readAllBytes(folder.resolve("model/model.safetensors"));
    gguf = Files.readAllBytes(folder.resolve("model.gguf"));
    onnx = OnnxBytes.model(OnnxBytes.initializer("w", 1, new long[]{2, 3}, OnnxBytes.raw(1, 2, 3, 4, 5, 6)),
        OnnxBytes.initializer("listed", 10, new long[]{3}, OnnxBytes.packed(5, 1, 2, 300)),
        OnnxBytes.node("Constant", new String[0], "shape", OnnxBytes.attribute("value",
            OnnxBytes.bytes(5, OnnxBytes.tensor("", 7, new long[]{4}, OnnxBytes.packed(7, 0, 0, 2, 2))))),
        OnnxBytes.node("MatMul", new String[]{"x", "w"}, "y"));
    manifest = Files.readAllBytes(folder.resolve("step-00000007/manifest.json"));
    config = Files.readAllBytes(folder.resolve("model/config.json"));
  }

  @AfterContainer
  static void delete() {
    org.apache.hadoop.fs.FileUtil.fullyDelete(folder.toFile());
  }

  /** Changes some bytes among the first {@code within}, one number of 8 bytes perhaps, and cuts the end off perhaps. */
  private static byte[] mutated(byte[] original, int within, java.util.Random random) {
    byte[] bytes = original.clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(Math.min(within, bytes.length));
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) "0123456789{}[]\":,-e.".charAt(random.nextInt(20));
        default -> {
          if (at + 8 <= bytes.length)
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at, random.nextLong() >> random.nextInt(64));
        }
      }
    }
    return random.nextInt(8) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  /** Runs a reader over the bytes and holds it to the rule. */
  private static void read(String name, byte[] bytes, Runnable reader) throws IOException {
    Files.write(folder.resolve(name), bytes);
    var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    try {
      reader.run();
    } catch (UserError e) {
      assertThat(e.getMessage()).contains(folder.getFileName().toString()).doesNotContain("\n");
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MOST_MEMORY);
  }

  @Property(tries = 2000)
  void safetensorsGiveTensorsOrAUserError(@ForAll java.util.Random random) throws IOException {
    read("x.safetensors", mutated(safetensors, 1500, random), () -> {
      try (SafetensorsReader in = SafetensorsReader.open(CONF, hadoop(folder.resolve("x.safetensors")))) {
        for (TensorSpec t : in.tensors()) { if (t.type().readable()) in.read(t.name()); }
      }
    });
  }

  @Property(tries = 2000)
  void ggufGivesTensorsOrAUserError(@ForAll java.util.Random random) throws IOException {
    read("x.gguf", mutated(gguf, random.nextBoolean() ? 700 : gguf.length, random), () -> {
      try (GgufReader in = GgufReader.open(CONF, hadoop(folder.resolve("x.gguf")))) {
        in.tensors().forEach(t -> in.read(t.name()));
      }
    });
  }

  @Property(tries = 2000)
  void onnxGivesTensorsOrAUserError(@ForAll java.util.Random random) throws IOException {
    read("x.onnx", mutated(onnx, onnx.length, random), () -> {
      try (OnnxReader in = OnnxReader.open(CONF, hadoop(folder.resolve("x.onnx")))) {
        for (TensorSpec t : in.tensors()) { if (t.type().readable()) in.read(t.name()); }
      }
    });
  }

  @Property(tries = 1000)
  void anOnnxModelIsABertOrAUserError(@ForAll java.util.Random random) throws IOException {
    byte[] export = Files.readAllBytes(Path.of("src/test/resources/onnx/bert-eager-17.onnx"));
    read("x.onnx", mutated(export, export.length, random), () -> {
      try (OnnxReader in = OnnxReader.open(CONF, hadoop(folder.resolve("x.onnx")))) {
        WeightSource weights = OnnxBert.of(in, 0).weights();
        weights.tensors().forEach(t -> weights.read(t.name()));
      }
    });
  }

  @Property(tries = 1000)
  void aManifestIsWholeOrAUserError(@ForAll java.util.Random random) throws IOException {
    read("step-00000007/manifest.json", mutated(manifest, manifest.length, random),
        () -> Checkpoint.read(CONF, hadoop(folder.resolve("step-00000007"))));
  }

  @Property(tries = 1000)
  void aConfigurationIsReadOrAUserError(@ForAll java.util.Random random) throws IOException {
    read("config.json", mutated(config, config.length, random),
        () -> ModelConfig.read(CONF, hadoop(folder)).parameters());
  }
}
