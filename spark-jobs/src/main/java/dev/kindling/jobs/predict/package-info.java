/**
 * What a model says of texts, many at once: in go a file of texts and a model's folder, out comes a file with one row a
 * text. Read {@link dev.kindling.jobs.predict.TextPredictor} first.
 */
package dev.kindling.jobs.predict;
