//! What a recording from elsewhere says of layers whose neurons are no plain units: convolutions.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// One entry of [`schema::LAYERS_KEY`](super::super::schema::LAYERS_KEY).
#[derive(Deserialize)]
struct Layer {
    /// Shape of one sample's output: channels first.
    shape: Vec<u64>,
    conv: Conv,
}

/// How the positions of a channel stand in a row.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Conv {
    /// Every value, in C order.
    Flatten,
    /// The mean of each channel.
    Channels,
}

/// What a reader of statistics has to know of such layers, one line for each way of keeping them.
pub(super) fn warnings(path: &Path, text: &str) -> Vec<String> {
    let Ok(layers) = serde_json::from_str::<BTreeMap<String, Layer>>(text) else {
        return vec![format!("{}: its description of the layers cannot be read: ignored", path.display())];
    };
    let of = |conv: Conv| {
        let named = layers.iter().filter(|(_, layer)| layer.conv == conv).map(|(name, layer)| {
            let shape: Vec<String> = layer.shape.iter().map(u64::to_string).collect();
            format!("{name} ({})", shape.join(" x "))
        });
        let named: Vec<String> = named.collect();
        match named.len() {
            0 => None,
            1 => Some(format!("layer {}", named[0])),
            _ => Some(format!("layers {}", named.join(", "))),
        }
    };
    let flat = of(Conv::Flatten).map(|layers| {
        format!(
            "{layers}: a neuron is one channel at one position; those of a channel share their weights, so that intervals \
             and tests that take neurons as independent are too sure of themselves"
        )
    });
    let means = of(Conv::Channels).map(|layers| {
        format!("{layers}: a neuron is the mean of a channel over its positions, which differ in what they do")
    });
    flat.into_iter().chain(means).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_a_line() {
        let text = r#"{"c1": {"shape": [8, 13, 13], "conv": "flatten"}, "c2": {"shape": [16, 6, 6], "conv": "flatten"},
                       "c3": {"shape": [4, 9], "conv": "channels", "more": 1}}"#;
        let found = warnings(Path::new("x"), text);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].starts_with("layers c1 (8 x 13 x 13), c2 (16 x 6 x 6): a neuron is one channel at one position")
        );
        assert!(found[1].starts_with("layer c3 (4 x 9): a neuron is the mean of a channel"));
        for text in ["", "[]", "{\"a\": 1}", r#"{"a": {"shape": [-1], "conv": "flatten"}}"#] {
            assert!(warnings(Path::new("x"), text)[0].contains("x: its description"), "{text}");
        }
        assert!(warnings(Path::new("x"), "{}").is_empty());
    }
}
