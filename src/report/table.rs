//! The table for people: what all rows share in the title, aligned columns, definitions below.

use super::{Cell, Column, Kind, Report, finding};
use std::io::{self, Write};

/// Columns that move into the title line when every row has the same value there.
const SHARED: [&str; 7] = ["model", "dataset", "split", "layer", "stage", "epoch", "n_samples"];

/// Longest reason printed in a table cell, in characters; the whole sentence is on stderr and in the other formats.
const LONGEST_TEXT: usize = 60;

/// Writes title, header, rows, findings and notes.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let shared: Vec<usize> = (0..report.columns.len()).filter(|&at| is_shared(report, at)).collect();
    writeln!(out, "{}", title(report, &shared))?;
    let shown: Vec<usize> =
        (0..report.columns.len()).filter(|at| !shared.contains(at) && is_shown(report, *at)).collect();
    let columns: Vec<Vec<String>> = shown.iter().map(|&at| column(report, at)).collect();
    let widths: Vec<usize> =
        columns.iter().map(|cells| cells.iter().map(|c| c.chars().count()).max().unwrap_or(0)).collect();
    writeln!(out)?;
    for line in 0..=report.rows.len() {
        let mut text = String::new();
        for ((cells, width), &at) in columns.iter().zip(&widths).zip(&shown) {
            let cell = &cells[line];
            let pad = " ".repeat(width - cell.chars().count());
            // Names read from the left, numbers compare from the right.
            let is_text = report.columns[at].kind == Kind::Text;
            text.push_str(&if is_text { format!("{cell}{pad}  ") } else { format!("{pad}{cell}  ") });
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    if report.rows.is_empty() {
        writeln!(out, "(no rows)")?;
    }
    if !report.findings.is_empty() || !report.notes.is_empty() {
        writeln!(out)?;
    }
    for (name, value) in &report.findings {
        finding::write(name, value, out)?;
    }
    report.notes.iter().try_for_each(|note| writeln!(out, "{note}"))
}

/// `variance of out.parquet · model mnist_h1 · stage post · epoch 15`.
fn title(report: &Report, shared: &[usize]) -> String {
    let mut title = report.statistic.to_string();
    if let Some(path) = report.recording.get("path").and_then(|path| path.as_str()) {
        title.push_str(&format!(" of {path}"));
    }
    for &at in shared {
        let value = text(&report.rows[0][at]);
        let name = report.columns[at].name;
        title.push_str(&if name == "n_samples" {
            format!(" · {value} samples")
        } else {
            format!(" · {name} {value}")
        });
    }
    title
}

fn is_shared(report: &Report, at: usize) -> bool {
    SHARED.contains(&report.columns[at].name)
        && report.rows.first().is_some_and(|first| {
            !matches!(first[at], Cell::Absent | Cell::Null) && report.rows.iter().all(|row| row[at] == first[at])
        })
}

/// A column is shown when it says something in at least one row.
fn is_shown(report: &Report, at: usize) -> bool {
    let Column { hidden_when_zero, detail, .. } = report.columns[at];
    let says_something = |row: &super::Row| match row[at] {
        Cell::Absent | Cell::Null => false,
        Cell::Integer(0) => !hidden_when_zero,
        _ => true,
    };
    !detail && (report.rows.is_empty() || report.rows.iter().any(says_something))
}

/// Header and cells of one column.
fn column(report: &Report, at: usize) -> Vec<String> {
    let Column { heading, .. } = report.columns[at];
    std::iter::once(heading.to_string()).chain(report.rows.iter().map(|row| text(&row[at]))).collect()
}

/// A cell for people: four significant digits, a dash for what has no value.
pub(super) fn text(cell: &Cell) -> String {
    match cell {
        Cell::Absent => String::new(),
        Cell::Null => "-".into(),
        Cell::Integer(value) => value.to_string(),
        Cell::Real(value) => significant(*value),
        Cell::Reals(values) => {
            let parts: Vec<String> = values.iter().map(|value| significant(*value)).collect();
            format!("[{}]", parts.join(", "))
        }
        Cell::Boolean(value) => if *value { "yes" } else { "no" }.into(),
        Cell::Pairs(pairs) => {
            let parts: Vec<String> =
                pairs.iter().map(|(count, value)| format!("{count}: {}", significant(*value))).collect();
            format!("[{}]", parts.join(", "))
        }
        Cell::Text(text) if text.chars().count() > LONGEST_TEXT => {
            text.chars().take(LONGEST_TEXT - 1).chain(std::iter::once('…')).collect()
        }
        Cell::Text(text) => text.to_string(),
    }
}

/// Four significant digits, without an exponent from 0.0001 up to a million: 0.9834, 12.35, 26321, 3.2e-17.
///
/// Whole digits are never rounded away, so sums and counts stay exact before the point.
pub(super) fn significant(value: f64) -> String {
    const DIGITS: i32 = 4;
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let rounded_exponent = format!("{size:.*e}", DIGITS as usize - 1);
    let exponent: i32 = rounded_exponent.rsplit('e').next().and_then(|e| e.parse().ok()).unwrap_or(0);
    format!("{value:.*}", (DIGITS - 1 - exponent).max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn four_significant_digits_and_no_rounding_before_the_point() {
        for (value, expected) in [
            (0.983_449, "0.9834"),
            (12.345_6, "12.35"),
            (9.999_96, "10.00"),
            (-0.001_234_56, "-0.001235"),
            (26_321.4, "26321"),
            (3.2e-17, "3.200e-17"),
            (0.0, "0"),
            (1e9, "1.000e9"),
        ] {
            assert_eq!(significant(value), expected);
        }
    }

    #[test]
    fn shared_values_stand_in_the_title_and_numbers_are_aligned() {
        let mut bytes = Vec::new();
        write(&sample::report(), &mut bytes).unwrap();
        let expected = "normality of out.parquet · model a, \"b\"\n\
            \n\
            size  replicate       w  std_quantiles.0.05  std_quantiles.0.5  dead_fraction_interval  reason\n  \
            64          0  0.1000          1.000e-300              2.500        [0.2500, 0.7500]\n  \
            90          -       -                   -                  -                       -  fewer than 3 neurons\n\
            \n\
            most_normal: size 64, w 0.1000\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
