//! The grammar of `--sizes`: which widths a sweep visits.
//!
//! ```text
//! sizes  = item { "," item }              64..2896    100,200,300    16,64..256:x2
//! item   = N | LO ".." HI [ step ]
//! step   = ":x" FACTOR | ":+" SUMMAND     64..1024:x2    64..256:+32    64..2896:x1.5
//! ```
//!
//! Without a step a range is the ladder floor(2^(i/2)), the widths of the original experiments: both ends belong to it when
//! they are on it, and otherwise the ladder's members between them are taken. With a step the range starts at LO and ends
//! at or before HI. Sizes are a set: sorted, each once, however often it was named.

use std::{collections::BTreeSet, num::IntErrorKind};

/// The largest size a recording can hold: its `size` column has 32 bits.
pub const MAX_SIZE: u64 = i32::MAX as u64;
/// More sizes than this are a slip of the pen.
pub const MAX_SIZES: usize = 4096;

/// Why a `--sizes` text names no sweep.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SizesError {
    /// Nothing, or nothing between two commas.
    #[error("{text:?} has an empty item: expected sizes such as 64..2896 or 32,64,128")]
    Empty {
        /// The whole text.
        text: String,
    },
    /// Not a positive whole number.
    #[error("{text:?} is not a whole number")]
    NotANumber {
        /// What stands where a number should.
        text: String,
    },
    /// A layer without neurons.
    #[error("{text:?}: a size must be at least 1")]
    Zero {
        /// The item.
        text: String,
    },
    /// More neurons than a recording can number.
    #[error("{text} is too large: sizes end at {MAX_SIZE}")]
    TooLarge {
        /// The number as typed.
        text: String,
    },
    /// The range ends before it starts.
    #[error("{text:?} is reversed: {low} is larger than {high}")]
    Reversed {
        /// The item.
        text: String,
        /// First number.
        low: u64,
        /// Second number.
        high: u64,
    },
    /// A step that is neither `xF` with F >= 1.001 nor `+D` with D >= 1.
    #[error("{text:?}: the step must be xF with a factor of at least 1.001 or +D with D at least 1, found {step:?}")]
    Step {
        /// The item.
        text: String,
        /// What follows the colon.
        step: String,
    },
    /// No member of the ladder lies in the range.
    #[error("{text:?} holds no size of the ladder floor(2^(i/2)): 1 2 4 5 8 11 16 22 32 45 64 90 ...")]
    OffLadder {
        /// The item.
        text: String,
    },
    /// More than [`MAX_SIZES`].
    #[error("{text:?} names more than {MAX_SIZES} sizes")]
    TooMany {
        /// The whole text.
        text: String,
    },
}

/// The sizes `text` names, ascending, each once.
///
/// # Errors
/// One variant of [`SizesError`] per way to get it wrong; the first one found.
///
/// # Examples
/// ```
/// use layerscope::record::sizes::parse;
///
/// assert_eq!(parse("64..256")?, [64, 90, 128, 181, 256]);
/// assert_eq!(parse("10,5")?, [5, 10]);
/// assert_eq!(parse("10..40:x2")?, [10, 20, 40]);
/// assert_eq!(parse("10..45:+20")?, [10, 30]);
/// # Ok::<(), layerscope::record::sizes::SizesError>(())
/// ```
pub fn parse(text: &str) -> Result<Vec<usize>, SizesError> {
    let mut sizes = BTreeSet::new();
    for item in text.split(',').map(str::trim) {
        if item.is_empty() {
            return Err(SizesError::Empty { text: text.to_owned() });
        }
        for size in parse_item(item)? {
            sizes.insert(size as usize);
            if sizes.len() > MAX_SIZES {
                return Err(SizesError::TooMany { text: text.to_owned() });
            }
        }
    }
    Ok(sizes.into_iter().collect())
}

fn parse_item(item: &str) -> Result<Box<dyn Iterator<Item = u64>>, SizesError> {
    let text = || item.to_owned();
    let Some((low, rest)) = item.split_once("..") else {
        return Ok(Box::new(std::iter::once(number(item, item)?)));
    };
    let (high, step) = match rest.split_once(':') {
        Some((high, step)) => (high, Some(step.trim())),
        None => (rest, None),
    };
    let (low, high) = (number(low, item)?, number(high, item)?);
    if low > high {
        return Err(SizesError::Reversed { text: text(), low, high });
    }
    let bad_step = |step: &str| SizesError::Step { text: text(), step: step.to_owned() };
    match step {
        None => {
            let mut rungs =
                ladder().skip_while(move |&rung| rung < low).take_while(move |&rung| rung <= high).peekable();
            rungs.peek().ok_or_else(|| SizesError::OffLadder { text: text() })?;
            Ok(Box::new(rungs))
        }
        Some(step) => match (step.strip_prefix('x'), step.strip_prefix('+')) {
            (Some(factor), _) => {
                let factor: f64 = factor.parse().map_err(|_| bad_step(step))?;
                // Written so that NaN fails. A factor closer to 1 would give the same size thousands of times.
                if !(factor >= 1.001 && factor.is_finite()) {
                    return Err(bad_step(step));
                }
                Ok(Box::new(multiples(low, factor).take_while(move |&size| size <= high)))
            }
            (_, Some(summand)) => {
                let summand: u64 = summand.parse().map_err(|_| bad_step(step))?;
                let summand = usize::try_from(summand).ok().filter(|&summand| summand > 0);
                Ok(Box::new((low..=high).step_by(summand.ok_or_else(|| bad_step(step))?)))
            }
            (None, None) => Err(bad_step(step)),
        },
    }
}

fn number(text: &str, item: &str) -> Result<u64, SizesError> {
    let text = text.trim();
    // `parse` would accept a plus sign.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SizesError::NotANumber { text: if text.is_empty() { item } else { text }.to_owned() });
    }
    match text.parse::<u64>() {
        Ok(0) => Err(SizesError::Zero { text: item.to_owned() }),
        Ok(number) if number <= MAX_SIZE => Ok(number),
        Err(error) if *error.kind() != IntErrorKind::PosOverflow => {
            Err(SizesError::NotANumber { text: text.to_owned() })
        }
        _ => Err(SizesError::TooLarge { text: text.to_owned() }),
    }
}

/// floor(2^(i/2)) for i = 0, 1, ..., in whole numbers: floor(sqrt(2^i)).
fn ladder() -> impl Iterator<Item = u64> {
    (0..64u32).map(|i| (1u64 << i).isqrt())
}

/// floor(low * factor^k) for k = 0, 1, ...; a product a rounding error below a whole number counts as that number.
fn multiples(low: u64, factor: f64) -> impl Iterator<Item = u64> {
    (0..).map(move |k| (low as f64 * factor.powi(k) * (1.0 + 1e-12)).floor() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_ladder_is_that_of_the_contract() {
        let sizes = [64, 90, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896];
        assert_eq!(parse("64..2896").unwrap(), sizes);
        assert_eq!(parse("63..2897").unwrap(), sizes);
        assert_eq!(parse("65..2895").unwrap(), sizes[1..11]);
        assert_eq!(parse("1..16").unwrap(), [1, 2, 4, 5, 8, 11, 16]);
        // The journal's widths, i = 8..27.
        let journal = parse("16..11585").unwrap();
        assert_eq!((journal.len(), journal[19]), (20, 11585));
        assert_eq!(parse("90..90").unwrap(), [90]);
    }

    #[test]
    fn lists_are_sets() {
        assert_eq!(parse("300, 100,200").unwrap(), [100, 200, 300]);
        assert_eq!(parse("7,7,7").unwrap(), [7]);
        assert_eq!(parse("100,64..128").unwrap(), [64, 90, 100, 128]);
    }

    #[test]
    fn steps_multiply_or_add() {
        assert_eq!(parse("64..1024:x2").unwrap(), [64, 128, 256, 512, 1024]);
        assert_eq!(parse("64..1023:x2").unwrap(), [64, 128, 256, 512]);
        assert_eq!(parse("10..40:x1.5").unwrap(), [10, 15, 22, 33]);
        // 100 * 1.15 is 114.99999999999999 in f64.
        assert_eq!(parse("100..120:x1.15").unwrap(), [100, 115]);
        assert_eq!(parse("1..4:x1.1").unwrap(), [1, 2, 3]);
        assert_eq!(parse("64..256:+64").unwrap(), [64, 128, 192, 256]);
        assert_eq!(parse("5..9:+3").unwrap(), [5, 8]);
        assert_eq!(parse("5..9:+18446744073709551615").unwrap(), [5]);
    }

    #[test]
    fn every_mistake_has_its_sentence() {
        for text in ["", " ", ",", "1,,2", "1,"] {
            assert!(matches!(parse(text), Err(SizesError::Empty { .. })), "{text:?}");
        }
        for text in ["a", "64..b", "..64", "64..", "..", "-1", "+1", "1.5", "64...128", "1e3", "64..=128"] {
            assert!(matches!(parse(text), Err(SizesError::NotANumber { .. })), "{text:?}");
        }
        for text in ["0", "0..64", "0..0", "1,0"] {
            assert!(matches!(parse(text), Err(SizesError::Zero { .. })), "{text:?}");
        }
        for text in ["2147483648", "1..99999999999999999999999", "340282366920938463463374607431768211456"] {
            assert!(matches!(parse(text), Err(SizesError::TooLarge { .. })), "{text:?}");
        }
        for step in ["", "2", "x", "x1", "x0.5", "xNaN", "xinf", "x-2", "+", "+0", "+-1", "*2", "x1.0000000001"] {
            assert!(matches!(parse(&format!("64..128:{step}")), Err(SizesError::Step { .. })), "{step:?}");
        }
        assert_eq!(message("128..64"), "\"128..64\" is reversed: 128 is larger than 64");
        assert_eq!(message("64..two"), "\"two\" is not a whole number");
        assert!(message("3..3").contains("holds no size of the ladder"));
        assert!(message("1..2000000000:+1").ends_with("names more than 4096 sizes"));
    }
}
