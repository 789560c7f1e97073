//! How much of a pack can stay close to the cores.

/// Assumed where the operating system does not tell: what a mid-range desktop has.
const FALLBACK_BYTES: usize = 16 << 20;

/// Bytes of the cache that the cores share (the last level, as Linux reports it), 16 MiB where unknown.
///
/// It only decides which members train side by side, so it changes the speed of a run and never its result.
#[must_use]
pub fn shared_cache_bytes() -> usize {
    std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size")
        .ok()
        .and_then(|text| parse_size(text.trim()))
        .unwrap_or(FALLBACK_BYTES)
}

/// `"32768K"` or `"32M"` in bytes.
fn parse_size(text: &str) -> Option<usize> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let scale = match unit {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(scale).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_linux_writes_them() {
        assert_eq!(parse_size("32768K"), Some(32 << 20));
        assert_eq!(parse_size("32M"), Some(32 << 20));
        assert_eq!(parse_size("512"), Some(512));
        assert_eq!(parse_size("0K"), None);
        assert_eq!(parse_size("lots"), None);
        assert!(shared_cache_bytes() > 0);
    }
}
