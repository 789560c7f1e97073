//! Are there two populations of neurons, and how large is the one near zero?

use super::Said;
use super::curve::{Curve, counted};
use crate::analyze::by_size::Measure;
use crate::report::{Cell, Report, Row};

/// The two mixtures and their names in sentences.
pub const MIXTURES: [(&str, &str); 2] = [("exp_normal", "exponential and normal"), ("two_gamma", "two gammas")];

/// From the rows of `mixture`.
pub fn verdict(mixture: &Report) -> Said {
    let weights = MIXTURES.map(|(family, name)| (family, name, weight(mixture, family)));
    let mut sentences = Vec::new();
    let mut verdicts = Vec::new();
    for (family, name, curve) in &weights {
        let Some(last) = curve.points.last() else { continue };
        verdicts.push((last.size, format!("{} ({name})", last.percent())));
        if let Some((first, last)) = curve.ends() {
            let peak = curve.best().filter(|peak| peak.size != first.size && peak.size != last.size);
            let peak = peak.map_or(String::new(), |peak| format!(", the most at {}: {}", peak.size, peak.percent()));
            sentences.push(format!(
                "As a mixture of {name}, the share near zero is {} at {} and {} at {}{peak} (networks with two components to tell apart).",
                first.percent(),
                first.size,
                last.percent(),
                last.size
            ));
        }
        sentences.extend(worth(mixture, family, name));
    }
    if verdicts.is_empty() {
        return Said::nothing("No network's neurons fall into two components that can be told apart.");
    }
    sentences.push(
        "The share depends on the family: where the two disagree, the data do not say how many neurons are near zero, only that the shape is not one bell.".into(),
    );
    let verdict = format!("Of the neurons that are not dead, the component near zero holds {}.", by_size(&verdicts));
    Said { verdict, sentences }
}

/// Shares with the size that each belongs to, which is the widest where the family has two components to speak of.
fn by_size(shares: &[(i32, String)]) -> String {
    match shares {
        [(size, one), (other_size, other)] if size == other_size => format!("{one} or {other} at {size} neurons"),
        shares => {
            let each: Vec<String> = shares.iter().map(|(size, share)| format!("{share} at {size} neurons")).collect();
            each.join(", ")
        }
    }
}

/// The weight of one family against size, of those networks whose fit has two components to speak of (status `ok`).
fn weight(mixture: &Report, family: &str) -> Curve {
    let status = mixture.position("status");
    let is_ok = |row: &Row| status.is_some_and(|at| row[at] == "ok".into());
    Curve::among(mixture, Measure::share("weight"), |row| is(mixture, family)(row) && is_ok(row))
}

fn is<'a>(report: &Report, family: &'a str) -> impl Fn(&Row) -> bool + 'a {
    let at = report.position("family");
    move |row: &Row| at.is_some_and(|at| matches!(&row[at], Cell::Text(text) if **text == *family))
}

/// In how many networks two components are better than one, and in how many the fit says nothing.
fn worth(mixture: &Report, family: &str, name: &str) -> Option<String> {
    let (delta_at, status_at) = mixture.position("delta_bic").zip(mixture.position("status"))?;
    let of_family: Vec<&Row> = mixture.rows.iter().filter(|row| is(mixture, family)(row)).collect();
    let fitted: Vec<f64> = of_family.iter().filter_map(|row| row[delta_at].number()).collect();
    if fitted.is_empty() {
        return None;
    }
    // A BIC ten lower is odds of 150 to 1 (Kass and Raftery 1995).
    let better = fitted.iter().filter(|delta| **delta <= -10.0).count();
    let unsure =
        of_family.iter().filter(|row| matches!(&row[status_at], Cell::Text(status) if **status != *"ok")).count();
    let unsure = if unsure > 0 {
        format!("; in {unsure} the two components cannot be told apart or one has collapsed")
    } else {
        String::new()
    };
    Some(format!(
        "The mixture of {name} is clearly better than every single distribution (BIC lower by 10 or more) in {better} of {}{unsure}.",
        counted(fitted.len(), "network")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Column;

    fn report(rows: &[(i32, i32, &str, f64, f64, &'static str)]) -> Report {
        let numbers =
            [Column::integer("size"), Column::integer("replicate"), Column::text("family"), Column::real("weight")];
        let columns = numbers.into_iter().chain([Column::real("delta_bic"), Column::text("status")]).collect();
        let mut report = Report::new("mixture", columns);
        for (size, replicate, family, weight, delta, status) in rows {
            report.push([
                ("size", Cell::from(*size)),
                ("replicate", Cell::from(*replicate)),
                ("family", (*family).into()),
                ("weight", (*weight).into()),
                ("delta_bic", (*delta).into()),
                ("status", (*status).into()),
            ]);
        }
        report
    }

    #[test]
    fn shares_of_both_families_and_their_worth_are_said() {
        let rows = [
            (32, 0, "exp_normal", 0.9, 4.0, "not_identified"),
            (64, 0, "exp_normal", 0.0, 4.0, "ok"),
            (64, 0, "two_gamma", 0.1, 3.0, "ok"),
            (64, 0, "gamma", f64::NAN, 0.0, "ok"),
            (512, 0, "exp_normal", 0.9, -30.0, "ok"),
            (512, 0, "two_gamma", 0.35, -12.0, "ok"),
            (2896, 0, "exp_normal", 0.7, -300.0, "ok"),
            (2896, 0, "two_gamma", 0.5, -320.0, "ok"),
        ];
        let said = verdict(&report(&rows));
        assert!(
            said.verdict
                .ends_with("70.00\u{a0}% (exponential and normal) or 50.00\u{a0}% (two gammas) at 2896 neurons."),
            "{}",
            said.verdict
        );
        assert!(
            said.sentences[0].contains("0.00\u{a0}% at 64 and 70.00\u{a0}% at 2896, the most at 512: 90.00\u{a0}%"),
            "{}",
            said.sentences[0]
        );
        assert!(said.sentences[1].contains("in 2 of 4 networks; in 1 the two"), "{}", said.sentences[1]);
        assert!(verdict(&report(&[])).verdict.starts_with("No network"));
        // The widest size with two components may be another for each family.
        let said = verdict(&report(&[rows[4], rows[7]]));
        let shares = "90.00\u{a0}% (exponential and normal) at 512 neurons, 50.00\u{a0}% (two gammas) at 2896 neurons.";
        assert!(said.verdict.ends_with(shares), "{}", said.verdict);
    }
}
