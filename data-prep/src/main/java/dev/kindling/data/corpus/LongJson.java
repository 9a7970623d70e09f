package dev.kindling.data.corpus;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;

/** JSON whose strings may be as long as a document; Jackson by itself refuses those of more than 20 million characters. */
public final class LongJson {
  private LongJson() {
  }

  public static ObjectMapper mapper() {
    StreamReadConstraints constraints = StreamReadConstraints.builder()
        .maxStringLength(CorpusSource.MOST_DOCUMENT_BYTES).build();
    return new ObjectMapper(JsonFactory.builder().streamReadConstraints(constraints).build());
  }
}
