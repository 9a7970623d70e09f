/**
 * Networks of DL4J's, trained by all executors together. In: a MultiLayerNetwork or a ComputationGraph and its examples; out: the same
 * network, trained, and checkpoints that are DL4J's own zip files. Read {@link dev.kindling.jobs.dl4j.Dl4jTraining} first, which
 * is what users call, then {@code Dl4jRank}, a rank's whole run. DL4J is the user's to bring: nothing else of Kindling needs it.
 */
package dev.kindling.jobs.dl4j;
