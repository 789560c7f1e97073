//! What a statistic hands to its reader: named columns, one row per unit, provenance and warnings, in four formats.
//!
//! A [`Report`] knows nothing about activations and reads no recording. `json.rs`, `csv.rs`, `parquet.rs` and
//! `table.rs` each write the same rows; `destination.rs` decides where they go and makes the file appear whole or
//! not at all; `html` is the page of `analyze report`. Numbers that do not exist are [`Cell::Null`]: no format ever prints `NaN` or `inf`.

mod cell;
mod csv;
mod destination;
mod finding;
pub mod html;
mod json;
mod parquet;
mod table;

pub use cell::{Cell, Column, Kind};
pub use destination::{Destination, DestinationError, check_file, is_broken_pipe, named_after, write_whole_file};

use clap::ValueEnum;
use serde_json::{Map, Value};
use std::io::{self, Write};

/// One row: as many cells as the report has columns, in their order.
pub type Row = Vec<Cell>;

/// A statistic's answer with everything needed to understand and repeat it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Name of the statistic; the schema is `layerscope.<statistic>.v1`.
    pub statistic: &'static str,
    /// Where the numbers come from: path, format version, model, dataset, seed, version.
    pub recording: Map<String, Value>,
    /// What was chosen: stage, layer, sizes, replicates, epoch, pooling.
    pub options: Map<String, Value>,
    /// Results about the report as a whole, such as `most_normal`; top-level fields in JSON.
    pub findings: Map<String, Value>,
    /// The columns, in the order of the contract.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What the reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
    /// Definitions and units, printed below the table.
    pub notes: Vec<String>,
}

impl Report {
    /// An empty report about `statistic` with the given columns.
    pub fn new(statistic: &'static str, columns: Vec<Column>) -> Self {
        Self {
            statistic,
            recording: Map::new(),
            options: Map::new(),
            findings: Map::new(),
            columns,
            rows: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// `layerscope.<statistic>.v1`.
    pub fn schema(&self) -> String {
        format!("layerscope.{}.v1", self.statistic)
    }

    /// Adds a row from named cells; columns that are not named are [`Cell::Absent`].
    ///
    /// # Panics
    /// When a name is not a column of this report: that is a bug in the statistic, and silently dropping its number
    /// would hide it.
    pub fn push<'n>(&mut self, cells: impl IntoIterator<Item = (&'n str, Cell)>) {
        let mut row = vec![Cell::Absent; self.columns.len()];
        for (name, cell) in cells {
            let position = self.position(name);
            row[position.unwrap_or_else(|| panic!("`{}` has no column `{name}`", self.statistic))] = cell;
        }
        self.rows.push(row);
    }

    /// Position of the column with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Writes the report in `format`.
    ///
    /// # Errors
    /// What `out` or the encoder answers; see [`is_broken_pipe`] for a reader that went away.
    pub fn write(&self, format: Format, out: &mut (dyn Write + Send)) -> io::Result<()> {
        match format {
            Format::Table => table::write(self, out),
            Format::Json => json::write(self, out),
            Format::Csv => csv::write(self, out),
            Format::Parquet => parquet::write(self, out),
        }
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    Table,
    /// One JSON object: schema, recording, options, rows, warnings
    Json,
    /// A header and one line per row
    Csv,
    /// One Parquet row per row, provenance in the key-value metadata
    Parquet,
}

impl Format {
    /// The format that a file name's extension asks for.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "parquet" => Some(Format::Parquet),
            "txt" | "" => Some(Format::Table),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A small report with every kind of cell, shared by the tests of the formats.
    use super::{Cell, Column, Report};

    pub(crate) fn report() -> Report {
        let columns = vec![
            Column::text("model"),
            Column::integer("size"),
            Column::integer("replicate"),
            Column::real("w"),
            Column::real("std_quantiles.0.05"),
            Column::real("std_quantiles.0.5"),
            Column::reals("dead_fraction_interval"),
            Column::text("reason"),
        ];
        let mut report = Report::new("normality", columns);
        report.recording.insert("path".into(), "out.parquet".into());
        report.options.insert("stage".into(), "post".into());
        report.findings.insert("most_normal".into(), serde_json::json!({"size": 64, "w": 0.1}));
        report.push([
            ("model", "a, \"b\"".into()),
            ("size", 64.into()),
            ("replicate", 0.into()),
            ("w", 0.1f64.into()),
            ("std_quantiles.0.05", 1e-300f64.into()),
            ("std_quantiles.0.5", 2.5f64.into()),
            ("dead_fraction_interval", vec![0.25, 0.75].into()),
        ]);
        report.push([
            ("model", "a, \"b\"".into()),
            ("size", 90.into()),
            ("replicate", Cell::Null),
            ("w", f64::NAN.into()),
            ("std_quantiles.0.05", Cell::Null),
            ("std_quantiles.0.5", f64::INFINITY.into()),
            ("dead_fraction_interval", vec![0.0, f64::NAN].into()),
            ("reason", "fewer than 3 neurons".into()),
        ]);
        report.warnings.push("one unit was skipped".into());
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no column `wz`")]
    fn a_misspelt_column_is_a_bug_and_not_a_lost_number() {
        Report::new("normality", vec![Column::real("w")]).push([("wz", 1.0f64.into())]);
    }
}
