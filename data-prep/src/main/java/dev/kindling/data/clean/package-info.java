/**
 * Text made regular and texts thrown out, before anything is learned: pure functions of one text. {@link
 * dev.kindling.data.clean.Normalizer} is always applied; of the {@link dev.kindling.data.clean.Rule}s a user chooses. Read {@link
 * dev.kindling.data.clean.CleanSettings} first.
 */
package dev.kindling.data.clean;
