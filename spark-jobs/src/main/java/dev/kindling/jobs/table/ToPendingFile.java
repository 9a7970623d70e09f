package dev.kindling.jobs.table;

import dev.kindling.checkpoint.PendingFile;
import java.io.IOException;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;

/** Where Parquet writes to: the file is made durable and renamed by its owner, not by Parquet. */
public record ToPendingFile(PendingFile file) implements OutputFile {
  @Override
  public PositionOutputStream create(long blockSize) {
    return new PositionOutputStream() {
      @Override
      public long getPos() {
        return file.size();
      }

      @Override
      public void write(int b) throws IOException {
        file.write(b);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        file.write(bytes, offset, length);
      }
    };
  }

  @Override
  public PositionOutputStream createOrOverwrite(long blockSize) {
    return create(blockSize);
  }

  @Override
  public boolean supportsBlockSize() {
    return false;
  }

  @Override
  public long defaultBlockSize() {
    return 0;
  }
}
