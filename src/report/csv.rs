//! Comma-separated values: a header of column names, full precision, empty where there is no value.

use super::{Cell, Report};
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes the header and one record per row; lists become `[low,high]` inside one quoted field.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(report.columns.iter().map(|column| column.name))?;
    for row in &report.rows {
        for cell in row {
            writer.write_field(text(cell).as_ref())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

/// A cell as text from which the same number can be read back bit for bit.
fn text(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Absent | Cell::Null => Cow::Borrowed(""),
        Cell::Integer(value) => Cow::Owned(value.to_string()),
        // The Debug form is the shortest that reads back exactly, and uses an exponent for 1e-300.
        Cell::Real(value) => Cow::Owned(format!("{value:?}")),
        Cell::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Reals(values) => {
            let parts: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            Cow::Owned(format!("[{}]", parts.join(",")))
        }
        Cell::Pairs(pairs) => {
            let parts: Vec<String> = pairs.iter().map(|(count, value)| format!("[{count},{value:?}]")).collect();
            Cow::Owned(format!("[{}]", parts.join(",")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    #[test]
    fn names_quotes_empties_and_exact_numbers() {
        let mut bytes = Vec::new();
        super::write(&sample::report(), &mut bytes).unwrap();
        let expected = "model,size,replicate,w,std_quantiles.0.05,std_quantiles.0.5,dead_fraction_interval,reason\n\
                        \"a, \"\"b\"\"\",64,0,0.1,1e-300,2.5,\"[0.25,0.75]\",\n\
                        \"a, \"\"b\"\"\",90,,,,,,fewer than 3 neurons\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
