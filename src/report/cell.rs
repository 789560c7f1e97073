//! The values of a report and the columns they stand in.

use std::sync::Arc;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// The column does not apply to this row; JSON leaves the field out.
    Absent,
    /// The value could not be computed; the row's `reason` says why.
    Null,
    /// A count or an index.
    Integer(i64),
    /// A finite number. Build it with `Cell::from`, which turns NaN and infinity into [`Cell::Null`].
    Real(f64),
    /// Yes or no.
    Boolean(bool),
    /// A name or a sentence.
    Text(Arc<str>),
    /// Several finite numbers, for example an interval `[low, high]`.
    Reals(Vec<f64>),
    /// A number at each of several counts, `[[count, number], ..]`.
    Pairs(Vec<(i64, f64)>),
}

impl Cell {
    /// The value of a count or a number; None for everything else.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Integer(value) => Some(*value as f64),
            Cell::Real(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        if value.is_finite() { Cell::Real(value) } else { Cell::Null }
    }
}

impl From<f32> for Cell {
    fn from(value: f32) -> Self {
        Cell::from(f64::from(value))
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Cell::Integer(i64::from(value))
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Cell::Integer(value)
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Cell::Null, Cell::Integer)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        i64::try_from(value).map_or(Cell::Null, Cell::Integer)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Cell::Boolean(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Cell::Text(value.into())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Cell::Text(value.into())
    }
}

impl From<Arc<str>> for Cell {
    fn from(value: Arc<str>) -> Self {
        Cell::Text(value)
    }
}

impl From<Vec<f64>> for Cell {
    fn from(values: Vec<f64>) -> Self {
        if values.iter().all(|v| v.is_finite()) { Cell::Reals(values) } else { Cell::Null }
    }
}

impl From<&[(usize, f64)]> for Cell {
    fn from(pairs: &[(usize, f64)]) -> Self {
        let pair =
            |&(count, value): &(usize, f64)| Some((i64::try_from(count).ok()?, Some(value).filter(|v| v.is_finite())?));
        pairs.iter().map(pair).collect::<Option<Vec<_>>>().map_or(Cell::Null, Cell::Pairs)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

/// The type of a column, which fixes its Parquet type even when every value of a report is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Cell::Integer`].
    Integer,
    /// [`Cell::Real`].
    Real,
    /// [`Cell::Boolean`].
    Boolean,
    /// [`Cell::Text`].
    Text,
    /// [`Cell::Reals`].
    Reals,
    /// [`Cell::Pairs`].
    Pairs,
}

/// A named, typed column. A name `a.b` is the field `b` of the object `a` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name of the field, as the contract spells it.
    pub name: &'static str,
    /// Type of its values.
    pub kind: Kind,
    /// Heading in the table for people; the machine formats use the name.
    pub heading: &'static str,
    /// Whether the table leaves the column out when every value is 0; the machine formats carry every column.
    pub hidden_when_zero: bool,
    /// Whether the table leaves the column out always, as detail that only the machine formats carry.
    pub detail: bool,
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, heading: name, hidden_when_zero: false, detail: false }
    }

    /// A column of counts or indices.
    pub const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer)
    }

    /// A column of finite numbers.
    pub const fn real(name: &'static str) -> Self {
        Self::new(name, Kind::Real)
    }

    /// A column of yes and no.
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    /// A column of names or sentences.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// A column of short lists of numbers.
    pub const fn reals(name: &'static str) -> Self {
        Self::new(name, Kind::Reals)
    }

    /// A column of numbers at several counts each.
    pub const fn pairs(name: &'static str) -> Self {
        Self::new(name, Kind::Pairs)
    }

    /// The same column with a shorter heading in the table.
    pub const fn headed(mut self, heading: &'static str) -> Self {
        self.heading = heading;
        self
    }

    /// The same column, in the table only when a value is not 0.
    pub const fn if_not_zero(mut self) -> Self {
        self.hidden_when_zero = true;
        self
    }

    /// The same column, in the machine formats only.
    pub const fn as_detail(mut self) -> Self {
        self.detail = true;
        self
    }

    /// The object and field of a dotted name: `dormant.0.1` is field `0.1` of `dormant`.
    pub fn nested(&self) -> Option<(&'static str, &'static str)> {
        self.name.split_once('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_non_finite_number() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Cell::from(value), Cell::Null);
            assert_eq!(Cell::from(vec![1.0, value]), Cell::Null);
        }
        assert_eq!(Cell::from(None::<f64>), Cell::Null);
        assert_eq!(Cell::from(u64::MAX), Cell::Null);
    }
}
