//! Does the sum of the standard deviations (or of the variances) grow logarithmically?

use super::Said;
use crate::report::Report;
use crate::report::html::number;
use serde_json::Value;

/// From the finding `growth` of `relationships`.
pub fn verdict(relationships: &Report) -> Said {
    let sums = [("sum_std", "sum of the standard deviations"), ("sum_variance", "sum of the variances")];
    let mut said =
        sums.into_iter().filter_map(|(measure, name)| describe(relationships.findings.get("growth")?, measure, name));
    let Some(first) = said.next() else {
        return Said::nothing("Too few networks to compare a constant, a line and a logarithm.");
    };
    Said { verdict: first.0, sentences: std::iter::once(first.1).chain(said.flat_map(|(a, b)| [a, b])).collect() }
}

/// Which shape is best, and how sure that is.
fn describe(growth: &Value, measure: &str, name: &str) -> Option<(String, String)> {
    let shapes: Vec<&Value> = growth.as_array()?.iter().filter(|item| item["measure"] == measure).collect();
    let best = shapes.iter().find(|item| item["best"] == true)?;
    let shape = best["shape"].as_str()?;
    let runner_up = shapes
        .iter()
        .filter(|item| item["best"] != true)
        .filter_map(|item| Some((item["shape"].as_str()?, item["delta_aic"].as_f64()?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let slope = best["slope"].as_f64();
    let how = match (shape, slope) {
        ("logarithm", Some(slope)) => {
            format!("grows with the logarithm of the width, by {} per doubling", number(slope))
        }
        ("line", Some(slope)) => {
            format!("grows in a straight line with the width, by {} per added neuron", number(slope))
        }
        _ => format!("is described best by a {shape}"),
    };
    let verdict = format!("Of a constant, a line and a logarithm, the {name} {how}.");
    let mut details = String::new();
    if let Some((other, delta)) = runner_up {
        // Burnham and Anderson's rule of thumb: below 4 the two are close.
        let clear = if delta < 4.0 { "too little to decide" } else { "a clear difference" };
        details = format!("The {other} comes next, with an AIC {} higher: {clear}.", number(delta));
    }
    match best["lack_of_fit_p"].as_f64() {
        Some(p) if p < 0.05 => {
            details += &format!(
                " Yet even the {shape} misses the sizes' means by more than the replicates scatter (lack of fit p = {}).",
                number(p)
            )
        }
        Some(p) => {
            details +=
                &format!(" Its misfit is no larger than the scatter of the replicates (lack of fit p = {}).", number(p))
        }
        None => details += " Without replicates nothing says whether it fits well.",
    }
    Some((verdict, details.trim_start().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(shape: &str, best: bool, delta: f64, p: Option<f64>) -> Value {
        json!({"measure": "sum_std", "shape": shape, "best": best, "slope": 12.5, "delta_aic": delta, "lack_of_fit_p": p})
    }

    #[test]
    fn the_best_shape_is_named_with_its_lead_and_its_misfit() {
        let mut report = Report::new("relationships", Vec::new());
        let growth = json!([
            shape("constant", false, 90.0, None),
            shape("line", false, 2.5, None),
            shape("logarithm", true, 0.0, Some(0.01))
        ]);
        report.findings.insert("growth".into(), growth);
        let said = verdict(&report);
        assert!(
            said.verdict.contains(
                "sum of the standard deviations grows with the logarithm of the width, by 12.50 per doubling"
            )
        );
        assert!(
            said.sentences[0].contains("The line comes next, with an AIC 2.500 higher: too little to decide."),
            "{}",
            said.sentences[0]
        );
        assert!(said.sentences[0].contains("Yet even the logarithm misses"));
        report
            .findings
            .insert("growth".into(), json!([shape("line", true, 0.0, None), shape("constant", false, 9.0, None)]));
        let said = verdict(&report);
        assert!(said.verdict.contains("straight line") && said.sentences[0].contains("a clear difference"));
        assert!(said.sentences[0].ends_with("Without replicates nothing says whether it fits well."));
    }

    #[test]
    fn too_few_networks_are_said() {
        let mut report = Report::new("relationships", Vec::new());
        assert!(verdict(&report).verdict.starts_with("Too few"));
        report.findings.insert("growth".into(), json!([]));
        assert!(verdict(&report).verdict.starts_with("Too few"));
    }
}
