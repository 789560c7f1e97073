//! Results about a report as a whole, for people: a line for one result, a small table for a list of them.

use super::table::significant;
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Writes one finding.
pub(super) fn write(name: &str, value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Array(items) if items.iter().any(Value::is_object) => {
            writeln!(out, "{name}:")?;
            let items: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
            write_items(&items, out)
        }
        _ => writeln!(out, "{name}: {}", text(value)),
    }
}

/// A header of the fields of the first item, then one aligned line per item.
fn write_items(items: &[&Map<String, Value>], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = items.first() else { return Ok(()) };
    let column = |name: &String| -> Vec<String> {
        let cells = items.iter().map(|item| item.get(name).map_or(String::new(), text));
        std::iter::once(name.clone()).chain(cells).collect()
    };
    let columns: Vec<Vec<String>> = first.keys().map(column).collect();
    for line in 0..=items.len() {
        let cells = columns.iter().map(|cells| {
            let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            format!("{}{}", " ".repeat(width - cells[line].chars().count()), cells[line])
        });
        writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  "))?;
    }
    Ok(())
}

/// A value in words: `size 256, w 0.9834`; a mean with its interval as `0.9834 [0.975, 0.991]`.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Number(number) if number.is_f64() => significant(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "" }.into(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => match (fields.get("mean"), fields.get("interval")) {
            (Some(mean), Some(Value::Null)) => text(mean),
            (Some(mean), Some(interval)) => format!("{} {}", text(mean), text(interval)),
            _ => fields.iter().map(|(name, value)| format!("{name} {}", text(value))).collect::<Vec<_>>().join(", "),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(value: &Value) -> String {
        let mut bytes = Vec::new();
        write("by_size", value, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_list_is_a_table_and_a_single_result_is_a_line() {
        let mean = |mean: f64, interval: Value| json!({"n_replicates": 2, "mean": mean, "interval": interval});
        let items = json!([
            {"size": 64, "w": mean(0.5, json!([0.25, 0.75])), "best": true},
            {"size": 2896, "w": mean(0.125, Value::Null), "best": false},
        ]);
        let expected = "by_size:\n  size                        w  best\n    \
                        64  0.5000 [0.2500, 0.7500]   yes\n  2896                   0.1250      \n";
        assert_eq!(written(&items), expected);
        assert_eq!(written(&json!({"size": 64, "w": 0.5})), "by_size: size 64, w 0.5000\n");
        assert_eq!(written(&Value::Null), "by_size: -\n");
    }
}
