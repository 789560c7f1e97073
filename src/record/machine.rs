//! What the machine has.

use std::fs;

/// Bytes of memory a new program may take; `None` where the system does not tell.
///
/// Linux: what `/proc/meminfo` calls available, or what is left of the control group's limit (containers), whichever is
/// less. Elsewhere nothing is known and nothing is refused.
pub fn available_memory() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available_of(&text));
    let read = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).unwrap_or_default();
    let group = left_in_group(&read("memory.max"), &read("memory.current"), &read("memory.stat"));
    [meminfo, group].into_iter().flatten().min()
}

/// What a control group has left of its limit. Cached files count as used there, but give way to programs.
fn left_in_group(max: &str, current: &str, stat: &str) -> Option<u64> {
    // Without a limit the file reads "max", which is no number.
    let max: u64 = max.trim().parse().ok()?;
    let current: u64 = current.trim().parse().ok()?;
    let of = |name: &str| {
        let line = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let cached = of("active_file").saturating_add(of("inactive_file"));
    Some(max.saturating_sub(current.saturating_sub(cached)))
}

/// The line `MemAvailable: N kB` of /proc/meminfo, in bytes.
fn available_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read() {
        let text = "MemTotal:       24689932 kB\nMemFree:          918740 kB\nMemAvailable:   19220844 kB\n";
        assert_eq!(available_of(text), Some(19_220_844 * 1024));
        assert_eq!(available_of("MemTotal: 1 kB\n"), None);
        assert_eq!(available_of("MemAvailable: many\n"), None);
    }

    #[test]
    fn a_groups_cached_files_count_as_free() {
        let stat = "anon 300\nfile 500\nactive_file 100\ninactive_file 400\n";
        assert_eq!(left_in_group("1000\n", "800\n", stat), Some(700));
        assert_eq!(left_in_group("1000", "1200", "anon 1200\n"), Some(0));
        assert_eq!(left_in_group("max\n", "800\n", stat), None);
        assert_eq!(left_in_group("", "", ""), None);
    }
}
