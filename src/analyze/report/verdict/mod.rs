//! What the data say to each question of the journal: rows in, sentences out, one file per question.
//!
//! Every number in a sentence comes from the rows. Numbers in brackets are 95 % intervals over replicates; with one
//! replicate there is none, and the sentences do not pretend that differences mean anything.

pub mod accuracy;
pub mod comparison;
pub mod curve;
pub mod dead;
pub mod growth;
pub mod mixture;
pub mod normality;
pub mod pca;
pub mod spread;

/// An answer in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// In one sentence.
    pub verdict: String,
    /// What else there is to say.
    pub sentences: Vec<String>,
}

impl Said {
    /// An answer that there is none.
    pub fn nothing(why: impl Into<String>) -> Self {
        Self { verdict: why.into(), sentences: Vec::new() }
    }
}

/// Small reports made by hand.
#[cfg(test)]
mod rows {
    use crate::report::{Cell, Column, Report};

    /// A report with `size`, `replicate` and the given columns of numbers; NaN is null.
    pub fn report(statistic: &'static str, columns: &[&'static str], rows: &[(i32, i32, &[f64])]) -> Report {
        let keys = [Column::integer("size"), Column::integer("replicate")];
        let own = columns.iter().map(|name| Column::real(name));
        let mut report = Report::new(statistic, keys.into_iter().chain(own).collect());
        for (size, replicate, values) in rows {
            let keys = [("size", Cell::from(*size)), ("replicate", Cell::from(*replicate))];
            report.push(keys.into_iter().chain(columns.iter().copied().zip(values.iter().map(|v| Cell::from(*v)))));
        }
        report
    }
}
