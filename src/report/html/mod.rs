//! One page for people: questions, answers in sentences, figures, the numbers behind them, definitions.
//!
//! A [`Page`] is plain text and finished SVG; [`Page::write`] makes one self-contained HTML file of it, without a script,
//! an external file or a font. Whatever the text holds, it stays text (`escape.rs`); figures get identifiers of their own
//! (`figure.rs`).

mod escape;
mod figure;
mod page;

use super::Report;
use super::table::significant;

/// A page about one recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// What the reader looks at, in a sentence or two.
    pub introduction: String,
    /// Where the numbers come from: name and value.
    pub facts: Vec<(String, String)>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
    /// The questions.
    pub sections: Vec<Section>,
    /// Terms used throughout, each with its definition.
    pub glossary: Vec<(String, String)>,
}

/// One question and what the data say to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its anchor: lower-case letters.
    pub id: &'static str,
    /// The question.
    pub question: &'static str,
    /// The answer in one sentence; it also stands in the summary at the top.
    pub verdict: String,
    /// More sentences.
    pub sentences: Vec<String>,
    /// Pictures with their numbers.
    pub figures: Vec<Figure>,
    /// Each number that the section uses, with its definition.
    pub definitions: Vec<(&'static str, &'static str)>,
    /// What to know before trusting the section's numbers.
    pub warnings: Vec<String>,
    /// The command that prints all of the numbers.
    pub command: String,
}

/// A picture and the numbers behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// A finished `<svg>` element.
    pub svg: String,
    /// What the picture shows, for those who do not see it.
    pub description: String,
    /// The numbers; none when they stand with another figure.
    pub table: Option<Table>,
}

/// Numbers in rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the rows are.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Cells as text, one per column.
    pub rows: Vec<Vec<String>>,
}

/// More rows than this are left out of a page.
const MOST_ROWS: usize = 400;

impl Table {
    /// The rows of a report that `keep`s them, with the given columns, names separated by spaces; columns that the report does not have, or that say
    /// nothing in any row, are left out.
    pub fn of(report: &Report, caption: &str, columns: &str, keep: impl Fn(&super::Row) -> bool) -> Self {
        let rows: Vec<&super::Row> = report.rows.iter().filter(|row| keep(row)).collect();
        let says_something =
            |at: &usize| rows.iter().any(|row| !super::table::text(&row[*at]).replace('-', "").is_empty());
        let columns: Vec<usize> =
            columns.split_whitespace().filter_map(|name| report.position(name)).filter(says_something).collect();
        let cells = |row: &&super::Row| columns.iter().map(|at| super::table::text(&row[*at])).collect();
        let left_out = rows.len().saturating_sub(MOST_ROWS);
        let more = if left_out > 0 { format!(" ({left_out} more rows: see the command below)") } else { String::new() };
        Self {
            caption: format!("{caption}{more}"),
            header: columns.iter().map(|at| report.columns[*at].name.into()).collect(),
            rows: rows.iter().take(MOST_ROWS).map(cells).collect(),
        }
    }
}

/// A number in a sentence: whole numbers as they are, else four significant digits.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e7 { format!("{value:.0}") } else { significant(value) }
}
