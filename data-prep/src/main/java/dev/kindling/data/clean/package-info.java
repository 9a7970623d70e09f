/** Text made regular before anything is learned from it. Read {@link dev.kindling.data.clean.Normalizer}. */
package dev.kindling.data.clean;
