package dev.kindling.data.job;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns of a corpus on its way from the readers to the tokenizer, a row a document. */
public final class Columns {
  /** String, unique in the corpus and the same whenever it is read. */
  public static final String ID = "id";
  /** String: the name of the input that the document came from. */
  public static final String SOURCE = "source";
  /** String: the file as users know it, below the folder that the input's files have in common. */
  public static final String FILE = "file";
  /** Long: byte offset of a line in the (unpacked) file, row number in a table; 0 for a file that is one document. */
  public static final String POSITION = "position";
  /** String, well-formed Unicode. */
  public static final String TEXT = "text";
  /** String: null while the document is kept, else {@code STEP: reason}. */
  public static final String DROPPED = "dropped";

  /** All of the above, in this order. */
  public static final StructType SCHEMA = new StructType().add(ID, DataTypes.StringType, false)
      .add(SOURCE, DataTypes.StringType, false).add(FILE, DataTypes.StringType, false)
      .add(POSITION, DataTypes.LongType, false).add(TEXT, DataTypes.StringType, false)
      .add(DROPPED, DataTypes.StringType, true);

  /** Names of the columns of {@link #SCHEMA}. */
  public static final List<String> NAMES = List.of(SCHEMA.fieldNames());

  private Columns() {
  }

  /** @return whether a row is still a document of the dataset */
  public static Column kept() {
    return functions.col(DROPPED).isNull();
  }
}
