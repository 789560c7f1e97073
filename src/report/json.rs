//! The JSON object of the contract: fields in order, one row per line, nothing that JSON cannot say.

use super::{Cell, Column, Report, Row};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::io::{self, Write};

/// Writes `{"schema", "recording", "options", findings.., "rows", "warnings"}`.
///
/// Rows go out one at a time, each on its own line, so that a report with a row per neuron neither builds a second
/// copy of itself nor becomes one endless line.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{{")?;
    field(out, "schema", &report.schema())?;
    field(out, "recording", &report.recording)?;
    field(out, "options", &report.options)?;
    for (name, value) in &report.findings {
        field(out, name, value)?;
    }
    write!(out, "  \"rows\": [")?;
    for (index, row) in report.rows.iter().enumerate() {
        write!(out, "{}\n    ", if index == 0 { "" } else { "," })?;
        serde_json::to_writer(&mut *out, &RowView { columns: &report.columns, row })?;
    }
    writeln!(out, "{}],", if report.rows.is_empty() { "" } else { "\n  " })?;
    write!(out, "  \"warnings\": ")?;
    serde_json::to_writer(&mut *out, &report.warnings)?;
    writeln!(out, "\n}}")
}

fn field(out: &mut dyn Write, name: &str, value: &impl Serialize) -> io::Result<()> {
    write!(out, "  {}: ", Value::from(name))?;
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out, ",")
}

/// A row as a JSON object: absent cells left out, dotted columns gathered into objects.
struct RowView<'a> {
    columns: &'a [Column],
    row: &'a Row,
}

impl Serialize for RowView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut at = 0;
        while at < self.columns.len() {
            let Some((object, _)) = self.columns[at].nested() else {
                if self.row[at] != Cell::Absent {
                    map.serialize_entry(self.columns[at].name, &self.row[at])?;
                }
                at += 1;
                continue;
            };
            let same = |column: &&Column| column.nested().is_some_and(|(o, _)| o == object);
            let end = at + self.columns[at..].iter().take_while(same).count();
            let fields = Fields { columns: &self.columns[at..end], cells: &self.row[at..end] };
            if fields.cells.iter().any(|cell| *cell != Cell::Absent) {
                map.serialize_entry(object, &fields)?;
            }
            at = end;
        }
        map.end()
    }
}

/// The fields of one nested object: neighbouring columns with the same prefix.
struct Fields<'a> {
    columns: &'a [Column],
    cells: &'a [Cell],
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, cell) in self.columns.iter().zip(self.cells) {
            if let (Some((_, name)), false) = (column.nested(), *cell == Cell::Absent) {
                map.serialize_entry(name, cell)?;
            }
        }
        map.end()
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Absent | Cell::Null => serializer.serialize_none(),
            Cell::Integer(value) => serializer.serialize_i64(*value),
            Cell::Real(value) => serializer.serialize_f64(*value),
            Cell::Boolean(value) => serializer.serialize_bool(*value),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Reals(values) => values.serialize(serializer),
            Cell::Pairs(pairs) => pairs.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn text(report: &Report) -> String {
        let mut bytes = Vec::new();
        write(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_object_has_the_fields_of_the_contract_in_order() {
        let parsed: serde_json::Map<String, Value> = serde_json::from_str(&text(&sample::report())).unwrap();
        let names: Vec<&str> = parsed.keys().map(String::as_str).collect();
        assert_eq!(names, ["schema", "recording", "options", "most_normal", "rows", "warnings"]);
        assert_eq!(parsed["schema"], "layerscope.normality.v1");
        assert_eq!(parsed["rows"][0]["std_quantiles"]["0.05"], 1e-300);
        assert_eq!(parsed["rows"][0]["dead_fraction_interval"], serde_json::json!([0.25, 0.75]));
    }

    #[test]
    fn what_could_not_be_computed_is_null_and_what_does_not_apply_is_left_out() {
        let parsed: Value = serde_json::from_str(&text(&sample::report())).unwrap();
        assert!(parsed["rows"][0].get("reason").is_none());
        let second = parsed["rows"][1].as_object().unwrap();
        assert!(second["w"].is_null() && second["replicate"].is_null());
        assert_eq!(second["reason"], "fewer than 3 neurons");
        assert!(second["std_quantiles"]["0.5"].is_null());
    }

    #[test]
    fn a_report_without_rows_is_still_valid() {
        let mut report = sample::report();
        report.rows.clear();
        let parsed: Value = serde_json::from_str(&text(&report)).unwrap();
        assert_eq!(parsed["rows"], serde_json::json!([]));
    }

    #[test]
    fn each_row_has_its_own_line() {
        assert_eq!(text(&sample::report()).lines().filter(|line| line.contains("\"size\":")).count(), 3);
    }
}
