//! Do the measures of the layer agree with each other and with accuracy?

use super::Said;
use super::curve::list;
use crate::report::Report;
use crate::report::html::number;
use serde_json::Value;

/// From the findings `peaks` and `correlations` of `relationships`.
pub fn verdict(relationships: &Report) -> Said {
    let peaks = relationships.findings.get("peaks");
    let peak = |measure: &str| {
        let found = peaks?.as_array()?.iter().find(|peak| peak["measure"] == measure)?;
        Some((
            found["size"].as_i64()?,
            found["replicate_sizes"].as_array()?.iter().filter_map(Value::as_i64).collect::<Vec<_>>(),
        ))
    };
    let Some((w, w_each)) = peak("w") else {
        return Said::nothing("No network has a W, so there is nothing to compare.");
    };
    let Some((accuracy, accuracy_each)) = peak("test_accuracy") else {
        return Said {
            verdict: "Without the recording's history there is no accuracy to compare the layer's measures with."
                .into(),
            sentences: vec![single("W", w, &w_each)],
        };
    };
    let relation = match w.cmp(&accuracy) {
        std::cmp::Ordering::Less => "narrower than",
        std::cmp::Ordering::Equal => "the same as",
        std::cmp::Ordering::Greater => "wider than",
    };
    let verdict =
        format!("The most normal width ({w}) is {relation} the one with the best test accuracy ({accuracy}).");
    let mut sentences = vec![single("W", w, &w_each), single("Test accuracy", accuracy, &accuracy_each)];
    if let Some((train, each)) = peak("train_accuracy") {
        sentences.push(single("Training accuracy, which the journal compared with,", train, &each));
    }
    for with in ["test_accuracy", "train_accuracy"] {
        sentences.extend(correlation(relationships.findings.get("correlations"), with));
    }
    sentences.push(
        "A peak says where a measure is largest, not in which direction a layer should be resized; if single networks peak at widths far apart, the peak is noise.".into(),
    );
    Said { verdict, sentences }
}

fn single(name: &str, size: i64, each: &[i64]) -> String {
    match each {
        [_] | [] => format!("{name} peaks at {size}; with one replicate nothing says how firmly."),
        _ => format!("{name} peaks at {size} on average, in the single replicates at {}.", list(each)),
    }
}

fn correlation(correlations: Option<&Value>, with: &str) -> Option<String> {
    let found = correlations?.as_array()?.iter().find(|found| found["with"] == with)?;
    let (rho, n) = (found["rho"].as_f64()?, found["n_sizes"].as_u64()?);
    let name = with.replace('_', " ");
    Some(format!("Over the {n} sizes, Spearman's rank correlation of W and {name} is {}.", number(rho)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn peaks_are_compared_and_single_replicates_named() {
        let mut report = Report::new("relationships", Vec::new());
        let peak =
            |measure: &str, size: i64, each: &[i64]| json!({"measure": measure, "size": size, "replicate_sizes": each});
        let peaks = json!([peak("w", 256, &[181, 256, 256]), peak("test_accuracy", 2048, &[1448, 2048, 2896])]);
        report.findings.insert("peaks".into(), peaks);
        report.findings.insert(
            "correlations".into(),
            json!([{"measure": "w", "with": "test_accuracy", "rho": -0.25, "n_sizes": 12}]),
        );
        let said = verdict(&report);
        assert_eq!(
            said.verdict,
            "The most normal width (256) is narrower than the one with the best test accuracy (2048)."
        );
        assert!(said.sentences[0].ends_with("in the single replicates at 181, 256 and 256."));
        assert!(said.sentences[2].contains("W and test accuracy is -0.2500"), "{}", said.sentences[2]);
        report.findings.insert("peaks".into(), json!([peak("w", 64, &[64])]));
        let said = verdict(&report);
        assert!(
            said.verdict.starts_with("Without the recording's history") && said.sentences[0].contains("one replicate")
        );
        assert!(verdict(&Report::new("relationships", Vec::new())).verdict.starts_with("No network has a W"));
    }
}
