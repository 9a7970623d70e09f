/** The launcher and the assembled product as a user meets them: processes with exit codes and terminals' text. */
package dev.kindling.cluster;
