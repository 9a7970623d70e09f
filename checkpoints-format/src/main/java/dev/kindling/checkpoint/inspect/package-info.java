/** What a checkpoint, a model folder or a weight file holds, told to a person or as JSON. */
package dev.kindling.checkpoint.inspect;
