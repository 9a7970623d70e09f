package dev.kindling.data.shard;

import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** The columns of a shard, as FORMAT.md explains them; Spark SQL reads {@code tokens} and {@code spans} as arrays. */
final class ShardSchema {
  static final MessageType WHOLE = MessageTypeParser.parseMessageType("""
      message packed_row {
        required int64 row;
        required int32 targets;
        required group tokens (LIST) {
          repeated group list {
            required int32 element;
          }
        }
        required group spans (LIST) {
          repeated group list {
            required group element {
              required binary document (STRING);
              required int32 start;
              required int32 end;
              required int64 offset;
            }
          }
        }
      }
      """);

  /** What training reads. */
  static final MessageType TOKENS = new MessageType(WHOLE.getName(), WHOLE.getType("targets"), WHOLE.getType("tokens"));

  /** What a message needs that names documents. */
  static final MessageType SPANS = new MessageType(WHOLE.getName(), WHOLE.getType("spans"));

  private ShardSchema() {
  }
}
