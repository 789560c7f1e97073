//! Which units of a recording are measured, and which of them share a row.

use super::args::{Choices, EpochChoice};
use layerscope_recorder::recording::{Stage, Unit, UnitKey};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use thiserror::Error;

/// What a recording offers: one layer of one network at one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    /// Whose values.
    pub key: UnitKey,
    /// Neurons of the layer.
    pub n_neurons: usize,
    /// Samples recorded.
    pub n_samples: usize,
    /// Whether there are values before the activation function.
    pub has_pre: bool,
    /// Whether there are values after it.
    pub has_post: bool,
}

impl From<&Unit> for Available {
    fn from(unit: &Unit) -> Self {
        Self {
            key: unit.key.clone(),
            n_neurons: unit.n_neurons,
            n_samples: unit.n_samples as usize,
            has_pre: unit.has_pre,
            has_post: unit.has_post,
        }
    }
}

impl Available {
    fn has(&self, stage: Stage) -> bool {
        match stage {
            Stage::Pre => self.has_pre,
            Stage::Post => self.has_post,
        }
    }
}

/// The units behind one row: a single one, or the replicates of a size when they are pooled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Model, dataset, split, size and layer of all members, replicate and epoch of the first.
    pub key: UnitKey,
    /// Replicate; `None` when replicates are pooled.
    pub replicate: Option<i32>,
    /// Completed epochs; `None` when pooled replicates were captured at different ones.
    pub epoch: Option<i32>,
    /// Neurons of all members together.
    pub n_neurons: usize,
    /// Samples of every member; `None` when pooled replicates have unequal numbers.
    pub n_samples: Option<usize>,
    /// Positions in the list of what is available, in the order of their keys.
    pub members: Vec<usize>,
}

impl Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "size {}", self.key.size)?;
        match self.replicate {
            Some(replicate) => write!(f, ", replicate {replicate}")?,
            None => write!(f, ", {} replicates pooled", self.members.len())?,
        }
        write!(f, ", layer {}", self.key.layer)
    }
}

/// The rows to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The stage that is read.
    pub stage: Stage,
    /// One group per row, ordered by model, dataset, split, layer, size, replicate.
    pub groups: Vec<Group>,
    /// Units that were asked for and cannot be measured, with the cause: they make the exit code 1.
    pub skipped: Vec<String>,
    /// What the reader has to know.
    pub warnings: Vec<String>,
}

/// Why nothing can be selected.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectionError {
    /// A choice that no unit of the recording matches.
    #[error("no {what} {asked} in the recording: it has {has}")]
    Unknown {
        /// `layer`, `size`, `replicate`, `epoch` or `stage`.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What there is.
        has: String,
    },
    /// Each choice exists, but not together.
    #[error("no unit of the recording matches all of the choices (layer, size, replicate, epoch, stage) together")]
    NothingLeft,
}

/// Members by (model, dataset, split, layer), then by (size, replicate): the order of the rows. The replicate is 0 for
/// all when they are pooled.
type Rows = BTreeMap<[String; 4], BTreeMap<(i32, i32), Vec<usize>>>;

/// Chooses the units and arranges them in rows.
///
/// `--epoch last` is the last captured epoch of each (size, replicate, layer). Without `--stage` it is `post`; a
/// recording that has only `pre` is measured there, with a warning.
///
/// # Errors
/// [`SelectionError`] when a chosen layer, size, replicate, epoch or stage does not occur.
pub fn select(available: &[Available], choices: &Choices) -> Result<Selection, SelectionError> {
    select_with_default(available, choices, Stage::Post)
}

/// [`select`] where the stage without `--stage` is `default`.
///
/// # Errors
/// As [`select`].
pub fn select_with_default(
    available: &[Available],
    choices: &Choices,
    default: Stage,
) -> Result<Selection, SelectionError> {
    let mut warnings = Vec::new();
    let mut skipped = Vec::new();
    check_choices(available, choices)?;
    let stage = choose_stage(available, choices.stage, default, &mut warnings)?;

    let chosen = (0..available.len()).filter(|&at| {
        let key = &available[at].key;
        choices.layer.as_ref().is_none_or(|layer| *layer == key.layer)
            && (choices.size.is_empty() || choices.size.contains(&key.size))
            && (choices.replicate.is_empty() || choices.replicate.contains(&key.replicate))
    });
    let mut epochs_of: BTreeMap<UnitKey, Vec<usize>> = BTreeMap::new();
    for at in chosen {
        epochs_of.entry(UnitKey { epoch: 0, ..available[at].key.clone() }).or_default().push(at);
    }
    let mut rows = Rows::new();
    for (_, mut positions) in epochs_of {
        positions.sort_by_key(|&at| available[at].key.epoch);
        let found = match choices.epoch {
            EpochChoice::Last => positions.last(),
            EpochChoice::At(epoch) => positions.iter().find(|&&at| available[at].key.epoch == epoch),
        };
        let Some(&at) = found else {
            skipped.push(format!("{}: this epoch was not captured", name(&available[positions[0]].key, choices.epoch)));
            continue;
        };
        let key = &available[at].key;
        if !available[at].has(stage) {
            skipped.push(format!("{key}: has no {stage} values"));
            continue;
        }
        let replicate = if choices.pool { 0 } else { key.replicate };
        let UnitKey { model, dataset, split, layer, size, .. } = key.clone();
        let row = rows.entry([model, dataset, split, layer]).or_default().entry((size, replicate)).or_default();
        row.push(at);
    }
    let members = rows.into_values().flat_map(BTreeMap::into_values);
    let groups: Vec<Group> = members.map(|members| group(available, members, choices.pool)).collect();
    if groups.is_empty() && skipped.is_empty() {
        return Err(SelectionError::NothingLeft);
    }
    for group in groups.iter().filter(|group| group.epoch.is_none() || group.n_samples.is_none()) {
        warnings.push(format!("{group}: the replicates differ in their epoch or number of samples"));
    }
    Ok(Selection { stage, groups, skipped, warnings })
}

/// What is missing when `key` has other epochs than the chosen one.
fn name(key: &UnitKey, epoch: EpochChoice) -> String {
    match epoch {
        EpochChoice::At(epoch) => UnitKey { epoch, ..key.clone() }.to_string(),
        EpochChoice::Last => key.to_string(),
    }
}

fn group(available: &[Available], members: Vec<usize>, pooled: bool) -> Group {
    let first = &available[members[0]];
    let all = |same: &dyn Fn(&Available) -> bool| members.iter().all(|&at| same(&available[at]));
    Group {
        key: first.key.clone(),
        replicate: (!pooled).then_some(first.key.replicate),
        epoch: all(&|unit| unit.key.epoch == first.key.epoch).then_some(first.key.epoch),
        n_neurons: members.iter().map(|&at| available[at].n_neurons).sum(),
        n_samples: all(&|unit| unit.n_samples == first.n_samples).then_some(first.n_samples),
        members,
    }
}

fn choose_stage(
    available: &[Available],
    asked: Option<Stage>,
    default: Stage,
    warnings: &mut Vec<String>,
) -> Result<Stage, SelectionError> {
    let occurs = |stage: Stage| available.iter().any(|unit| unit.has(stage));
    let stage = asked.unwrap_or(default);
    if occurs(stage) {
        return Ok(stage);
    }
    let other = if stage == Stage::Pre { Stage::Post } else { Stage::Pre };
    if asked.is_none() && occurs(other) {
        warnings.push(format!("the recording has no {stage} values: these numbers are of its {other} values"));
        return Ok(other);
    }
    let has = format!("{other} only (leave --stage out to measure that)");
    Err(SelectionError::Unknown { what: "stage", asked: stage.to_string(), has })
}

fn check_choices(available: &[Available], choices: &Choices) -> Result<(), SelectionError> {
    let keys = || available.iter().map(|unit| &unit.key);
    if let Some(layer) = &choices.layer {
        check("layer", std::slice::from_ref(layer), keys().map(|key| key.layer.clone()).collect())?;
    }
    check("size", &choices.size, keys().map(|key| key.size).collect())?;
    check("replicate", &choices.replicate, keys().map(|key| key.replicate).collect())?;
    if let EpochChoice::At(epoch) = choices.epoch {
        check("epoch", &[epoch], keys().map(|key| key.epoch).collect())?;
    }
    Ok(())
}

fn check<T: Ord + Display>(what: &'static str, asked: &[T], has: BTreeSet<T>) -> Result<(), SelectionError> {
    match asked.iter().find(|value| !has.contains(value)) {
        Some(value) => Err(SelectionError::Unknown { what, asked: value.to_string(), has: list(has) }),
        None => Ok(()),
    }
}

/// The values in one line, the middle left out where there are very many.
fn list<T: Display>(values: BTreeSet<T>) -> String {
    const MOST: usize = 24;
    let texts: Vec<String> = values.iter().map(T::to_string).collect();
    if texts.len() <= MOST {
        return texts.join(", ");
    }
    format!("{}, .., {} ({} in all)", texts[..MOST - 1].join(", "), texts[texts.len() - 1], texts.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::args::{AnalyzeArgs, Command};
    use clap::Parser;

    fn unit(size: i32, replicate: i32, epoch: i32, has_pre: bool, has_post: bool) -> Available {
        let key = UnitKey { model: "m".into(), size, replicate, epoch, layer: "hidden".into(), ..UnitKey::default() };
        Available { key, n_neurons: size as usize, n_samples: 10, has_pre, has_post }
    }

    fn sweep() -> Vec<Available> {
        let cells = [(64, 0, 0), (64, 0, 2), (64, 1, 0), (64, 1, 2), (90, 0, 2), (90, 1, 0)];
        cells.iter().map(|&(size, replicate, epoch)| unit(size, replicate, epoch, true, true)).collect()
    }

    fn choose(line: &str, available: &[Available]) -> Result<Selection, SelectionError> {
        let line = format!("analyze variance r.parquet {line}");
        let Command::Measure(statistic) = AnalyzeArgs::try_parse_from(line.split_whitespace()).unwrap().command else {
            panic!("{line} is not a statistic");
        };
        select(available, statistic.choices())
    }

    fn rows(selection: &Selection) -> Vec<(i32, Option<i32>, Option<i32>)> {
        selection.groups.iter().map(|group| (group.key.size, group.replicate, group.epoch)).collect()
    }

    #[test]
    fn every_unit_is_taken_at_its_own_last_epoch() {
        let selection = choose("", &sweep()).unwrap();
        let expected = [(64, Some(0), Some(2)), (64, Some(1), Some(2)), (90, Some(0), Some(2)), (90, Some(1), Some(0))];
        assert_eq!(rows(&selection), expected);
        assert_eq!((selection.stage, selection.skipped.len()), (Stage::Post, 0));
    }

    #[test]
    fn a_missing_epoch_skips_the_unit_and_names_it() {
        let selection = choose("--epoch 2", &sweep()).unwrap();
        assert_eq!(selection.groups.len(), 3);
        assert_eq!(selection.skipped.len(), 1);
        assert!(selection.skipped[0].contains("size 90, replicate 1, epoch 2"), "{}", selection.skipped[0]);
    }

    #[test]
    fn pooling_makes_one_row_per_size() {
        let selection = choose("--pool", &sweep()).unwrap();
        assert_eq!(rows(&selection), [(64, None, Some(2)), (90, None, None)]);
        assert_eq!(selection.groups[0].n_neurons, 128);
        assert_eq!(selection.groups[0].members, [1, 3]);
        assert_eq!(selection.warnings.len(), 1, "the replicates of size 90 end at different epochs");
    }

    #[test]
    fn unknown_choices_say_what_there_is() {
        let message = |line: &str| choose(line, &sweep()).unwrap_err().to_string();
        assert_eq!(message("--size 64,77"), "no size 77 in the recording: it has 64, 90");
        assert_eq!(message("--replicate 5"), "no replicate 5 in the recording: it has 0, 1");
        assert_eq!(message("--layer hidden.1"), "no layer hidden.1 in the recording: it has hidden");
        assert_eq!(message("--epoch 7"), "no epoch 7 in the recording: it has 0, 2");
        assert!(list((0..100).collect()).ends_with("22, .., 99 (100 in all)"));
    }

    #[test]
    fn the_stage_is_post_unless_only_pre_is_there_and_nobody_asked() {
        let only_pre = [unit(64, 0, 1, true, false)];
        let selection = choose("", &only_pre).unwrap();
        assert_eq!((selection.stage, selection.warnings.len()), (Stage::Pre, 1));
        let refused = choose("--stage post", &only_pre).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "no stage post in the recording: it has pre only (leave --stage out to measure that)"
        );
        let mixed = [unit(64, 0, 1, true, false), unit(90, 0, 1, true, true)];
        let selection = choose("", &mixed).unwrap();
        assert_eq!((selection.groups.len(), selection.skipped.len()), (1, 1));
    }

    #[test]
    fn choices_that_never_meet_are_an_error() {
        let apart = [unit(64, 0, 1, true, true), unit(90, 1, 1, true, true)];
        assert_eq!(choose("--size 64 --replicate 1", &apart), Err(SelectionError::NothingLeft));
    }
}
