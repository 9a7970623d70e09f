/** Small tables in Parquet files that are whole or not there. Read {@link dev.kindling.jobs.table.RecordTable} first. */
package dev.kindling.jobs.table;
