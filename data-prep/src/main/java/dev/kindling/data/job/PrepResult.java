package dev.kindling.data.job;

import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.Tokenizer;
import org.apache.hadoop.fs.Path;

/**
 * What {@link PrepJob} made.
 *
 * @param folder for {@link dev.kindling.data.shard.PackedDataset#open}
 * @param info the content of its {@code dataset.json}
 * @param tokenizer the one that was trained or used
 * @param alreadyDone whether the folder held this very dataset before, and nothing was done
 */
public record PrepResult(Path folder, DatasetInfo info, Tokenizer tokenizer, boolean alreadyDone) {}
