//! Places for the words of marks and levels: beside their lines, inside the frame, not over each other.

use super::{Level, Mark, WIDTH};

/// Width of a character of the plot's small text, in SVG units, on the safe side.
const CHARACTER: f64 = 7.0;
/// Share of the figure's width that the plot has at least.
const PLOT_SHARE: f64 = 0.62;
/// Height of a line of text as a share of the plot's height.
const ROW: f64 = 0.05;

/// A word and the position of its centre, as shares of the plot's width and height from its lower left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub text: String,
    pub x: f64,
    pub y: f64,
    width: f64,
}

impl Word {
    fn overlaps(&self, other: &Word) -> bool {
        (self.x - other.x).abs() < 0.5 * (self.width + other.width) && (self.y - other.y).abs() < 0.9 * ROW
    }
}

/// Words of the marks at the foot of their lines (curves are high where a maximum is marked), then those of the levels
/// above their lines at the right end. `at_x` and `at_y` give a line's position as a share.
pub fn words(marks: &[Mark], levels: &[Level], at_x: impl Fn(f64) -> f64, at_y: impl Fn(f64) -> f64) -> Vec<Word> {
    let lines: Vec<f64> = levels.iter().map(|level| at_y(level.y)).collect();
    let mut placed: Vec<Word> = Vec::new();
    for mark in marks {
        let width = width(&mark.label);
        let (at, half) = (at_x(mark.x), 0.5 * width + 0.01);
        let x = if at + 2.0 * half <= 1.0 { at + half } else { at - half };
        let word = Word { text: mark.label.clone(), x: x.clamp(half, 1.0 - half), y: 0.04, width };
        place(&mut placed, &lines, word, ROW);
    }
    for level in levels.iter().filter(|level| !level.label.is_empty()) {
        let width = width(&level.label);
        let y = at_y(level.y) + 0.005;
        let (y, step) = if y > 0.95 { (y - 1.1 * ROW, -ROW) } else { (y, ROW) };
        let word = Word { text: level.label.clone(), x: 1.0 - 0.5 * width - 0.01, y, width };
        place(&mut placed, &lines, word, step);
    }
    placed
}

/// Moves the word by `step` until it lies over no other and no line runs through it; text stands above its position.
fn place(placed: &mut Vec<Word>, lines: &[f64], mut word: Word, step: f64) {
    let crossed = |word: &Word| lines.iter().any(|line| *line > word.y && *line < word.y + 1.2 * ROW);
    while crossed(&word) || placed.iter().any(|other| other.overlaps(&word)) {
        word.y += step;
    }
    placed.push(word);
}

fn width(text: &str) -> f64 {
    CHARACTER * text.chars().count() as f64 / (PLOT_SHARE * WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_inside_and_apart() {
        let mark = |x: f64, label: &str| Mark { x, label: label.into() };
        let level = |y: f64, label: &str| Level { y, label: label.into() };
        let marks = [mark(0.5, "most normal: 256"), mark(0.52, "best accuracy: 362"), mark(0.99, "last")];
        let levels = [level(0.05, "0.025"), level(0.06, "p = 0.05"), level(0.99, "one")];
        let words = words(&marks, &levels, |x| x, |y| y);
        assert_eq!(words.len(), 6);
        for (at, word) in words.iter().enumerate() {
            assert!(word.x - 0.5 * word.width >= 0.0 && word.x + 0.5 * word.width <= 1.0, "{word:?}");
            assert!((0.0..1.0).contains(&word.y), "{word:?}");
            assert!([0.05, 0.06, 0.99].iter().all(|line| *line <= word.y || *line > word.y + ROW), "{word:?}");
            assert!(words[..at].iter().all(|other| !other.overlaps(word)), "{word:?} in {words:?}");
        }
    }
}
