/** What a model is trained towards: rows of a dataset become batches, losses become numbers people know. */
package dev.kindling.train.objective;
