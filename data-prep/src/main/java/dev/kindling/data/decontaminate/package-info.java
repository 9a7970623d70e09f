/**
 * Finds texts of evaluation sets in documents, so that a model is not tested on what it was trained on. Files with the sets come in,
 * places in documents come out. Read {@link dev.kindling.data.decontaminate.EvaluationSets} first.
 */
package dev.kindling.data.decontaminate;
