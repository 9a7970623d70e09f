/**
 * The trainer. Packages tell its story in order, and each may use only those before it: tensor, kernel, autodiff, nn,
 * model, objective, optim, collective, loop, generate, evaluate. Those still to come go after them.
 */
package dev.kindling.train;
