package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.FailingFiles;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusPiece;
import dev.kindling.data.corpus.CorpusRecord;
import dev.kindling.data.corpus.CorpusSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PieceRecordsTest {
  @TempDir
  Path folder;

  @Test
  void oneFileOfATaskIsOpenAtATimeAndNoneAtItsEnd() throws IOException {
    for (int i = 0; i < 50; i++) Files.writeString(folder.resolve(i + ".txt"), "text " + i);
    Configuration conf = FailingFiles.from(Long.MAX_VALUE);
    CorpusSource source = CorpusSource.text("failing:" + folder);
    var pieces = CorpusPiece.cut(conf, CorpusFile.list(conf, source), source.format(), 1 << 20);
    Set<String> files = new HashSet<>();
    try (PieceRecords records = new PieceRecords(conf, source, pieces.iterator(), true)) {
      records.forEachRemaining(record -> files.add(record.file()));
      assertThat(FailingFiles.open()).isZero();
    }
    assertThat(files).hasSize(50);
    assertThat(FailingFiles.mostOpen()).isEqualTo(1);
    try (PieceRecords cut = new PieceRecords(conf, source, pieces.iterator(), false)) {
      CorpusRecord first = cut.next();
      assertThat(first.file()).isEqualTo("0.txt");
      assertThat(FailingFiles.open()).isEqualTo(1);
    }
    assertThat(FailingFiles.open()).isZero();
  }
}
