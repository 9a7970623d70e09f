/**
 * The trainer. Packages tell its story in order, and each may use only those before it: tensor, kernel, autodiff, nn,
 * model, objective, optim, collective, loop, generate, compress, evaluate.
 */
package dev.kindling.train;
