package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsHashTest {
  private static final TensorSpec A = TensorSpec.float32("a", 2), B = TensorSpec.float32("b", 1, 1);

  private static String sha256(String hex) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(HexFormat.of().parseHex(hex)));
  }

  @Test
  void itIsTheSha256OfTheBytesThatTheFormatNames() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String hex : new String[]{"01000000", "61", "03000000", "463332", "01000000", "0200000000000000",
        sha256("0000803f000000c0"), "01000000", "62", "03000000", "463332", "02000000", "0100000000000000",
        "0100000000000000", sha256("00000000")}) {
      bytes.write(HexFormat.of().parseHex(hex));
    }
    String expected = sha256(HexFormat.of().formatHex(bytes.toByteArray()));
    assertThat(WeightsHash.sha256(TinyModel.none().with(A, 1, -2).with(B, 0))).isEqualTo(expected);
  }

  @Test
  void theOrderOfTheTensorsAndTheFilesTheyLieInDoNotShow(@TempDir Path folder) throws Exception {
    WeightSource one = TinyModel.none().with(A, 1, 2).with(B, 3), other = TinyModel.none().with(B, 3).with(A, 1, 2);
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("x.safetensors")), TinyModel.none().with(B, 3));
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("y.safetensors")), TinyModel.none().with(A, 1, 2));
    Files.writeString(folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"y.safetensors\",\"b\":\"x.safetensors\"}}", StandardCharsets.UTF_8);
    try (SafetensorsReader shards = SafetensorsReader.open(CONF, hadoop(folder))) {
      assertThat(WeightsHash.sha256(one)).isEqualTo(WeightsHash.sha256(other)).isEqualTo(WeightsHash.sha256(shards));
    }
  }

  @Test
  void aNameAShapeAValueOrTheSignOfAZeroChangesIt() {
    String hash = WeightsHash.sha256(TinyModel.none().with(A, 0, 2));
    assertThat(WeightsHash.sha256(TinyModel.none().with(A, -0f, 2))).isNotEqualTo(hash);
    assertThat(WeightsHash.sha256(TinyModel.none().with(A, 0, 2.0000002f))).isNotEqualTo(hash);
    assertThat(WeightsHash.sha256(TinyModel.none().with(A.named("c"), 0, 2))).isNotEqualTo(hash);
    assertThat(WeightsHash.sha256(TinyModel.none().with(TensorSpec.float32("a", 2, 1), 0, 2))).isNotEqualTo(hash);
    assertThat(WeightsHash.sha256(TinyModel.none().with(A.as(ElementType.BF16), 0, 2))).isNotEqualTo(hash);
  }
}
