/**
 * Configuration: a YAML file and {@code --set key=value} overrides become validated Java records, or one line that says
 * which line of which file is wrong, what was found, what is allowed and what was probably meant. Read {@link
 * dev.kindling.jobs.config.Configuration} first.
 */
package dev.kindling.jobs.config;
