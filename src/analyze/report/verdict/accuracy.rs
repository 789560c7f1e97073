//! How does accuracy change with the width?

use super::Said;
use super::curve::{Curve, Point, counted, list};
use crate::analyze::by_size::Measure;
use crate::report::Report;

/// From the rows of `accuracy`.
pub fn verdict(accuracy: &Report) -> Said {
    let test = Curve::of(accuracy, Measure::share("test_accuracy"));
    let train = Curve::of(accuracy, Measure::share("train_accuracy"));
    let Some(best) = test.best() else { return Said::nothing("The history has no test accuracy of these networks.") };
    let like = test.like(best).map_or(0, |like| like.len());
    let unsure = if like > 0 { format!(", not clearly above {}", counted(like, "other size")) } else { String::new() };
    let verdict = format!("Test accuracy is best at {} neurons: {}{unsure}.", best.size, best.percent());
    let mut sentences = vec![match test.like(best) {
        None => "One replicate cannot say from which width on accuracy stays the same.".to_string(),
        Some(_) if test.points.len() == 1 => "Only one size was recorded.".into(),
        Some(like) if like.is_empty() => "Every other size is worse, replicate by replicate (95 %).".into(),
        Some(like) => {
            format!("Replicate by replicate, {} cannot be told apart from it (95 %, not corrected).", list(&like))
        }
    }];
    if let Some((first, last)) = test.ends() {
        sentences.push(format!("It is {} at {} and {} at {}.", first.percent(), first.size, last.percent(), last.size));
    }
    if let Some((train, test)) = train.points.last().zip(test.points.last()) {
        sentences.push(format!(
            "On the training data the widest networks ({}) reach {}, on test data {}.",
            train.size,
            Point::percent(train),
            test.percent()
        ));
    }
    Said { verdict, sentences }
}

#[cfg(test)]
mod tests {
    use super::super::rows::report;
    use super::*;

    #[test]
    fn the_best_size_and_those_like_it_are_named() {
        let rows: [(i32, i32, &[f64]); 6] = [
            (64, 0, &[0.95, 0.94]),
            (64, 1, &[0.95, 0.94]),
            (256, 0, &[0.99, 0.970]),
            (256, 1, &[0.99, 0.972]),
            (512, 0, &[1.0, 0.972]),
            (512, 1, &[1.0, 0.971]),
        ];
        let said = verdict(&report("accuracy", &["train_accuracy", "test_accuracy"], &rows));
        assert!(said.verdict.starts_with("Test accuracy is best at 512 neurons: 97.15\u{a0}% ["), "{}", said.verdict);
        assert!(said.sentences[0].contains(", 256 cannot be told apart"), "{}", said.sentences[0]);
        assert!(said.sentences[1].starts_with("It is 94.00\u{a0}% [94.00, 94.00] at 64"), "{}", said.sentences[1]);
        assert!(said.sentences[2].contains("(512) reach 100.00\u{a0}% [100.00, 100.00]"), "{}", said.sentences[2]);
    }

    #[test]
    fn one_replicate_and_no_history_are_said() {
        let columns = ["train_accuracy", "test_accuracy"];
        let said = verdict(&report("accuracy", &columns, &[(64, 0, &[0.9, 0.9]), (90, 0, &[0.9, 0.8])]));
        assert!(said.sentences[0].starts_with("One replicate cannot say"));
        let none = verdict(&report("accuracy", &columns, &[(64, 0, &[f64::NAN, f64::NAN])]));
        assert!(none.verdict.starts_with("The history has no test accuracy"));
    }
}
