//! Whether a model's weights fit the memory that this process may use: one that does not fit is refused in a sentence,
//! instead of the kernel ending the process in the middle of loading.

use std::path::Path;

use super::error::StoreError;

/// Fails where `needed` bytes are more than what is free. `path` is what would be loaded.
pub(super) fn check(path: &Path, needed: u64) -> Result<(), StoreError> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (limit, stat) = (read("/sys/fs/cgroup/memory.max"), read("/sys/fs/cgroup/memory.stat"));
    match free(&read("/proc/meminfo"), &limit, &stat) {
        Some(free) if free < needed => Err(StoreError::Memory { path: path.to_owned(), needed, free }),
        _ => Ok(()),
    }
}

/// Bytes that are free by the machine's account and by the control group's; none where neither says.
fn free(meminfo: &str, group_limit: &str, group_stat: &str) -> Option<u64> {
    let number = |text: &str| text.trim().trim_end_matches(" kB").parse::<u64>().ok();
    let line = |text: &str, name: &str| text.lines().find_map(|line| number(line.strip_prefix(name)?));
    let machine = line(meminfo, "MemAvailable:").map(|kibibytes| kibibytes.saturating_mul(1024));
    // Beside anonymous memory a group holds files, which are given up when memory is wanted.
    let anonymous = line(group_stat, "anon ").unwrap_or(0);
    let group = number(group_limit).map(|limit| limit.saturating_sub(anonymous));
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_account_counts() {
        let meminfo = "MemTotal:       24000 kB\nMemAvailable:    2000 kB\n";
        let stat = "file 800000\nanon 100000\nanon_thp 0\n";
        assert_eq!(free(meminfo, "max\n", stat), Some(2_048_000));
        assert_eq!(free(meminfo, "1000000\n", stat), Some(900_000));
        assert_eq!(free(meminfo, "1000\n", stat), Some(0));
        assert_eq!(free("", "1000000\n", ""), Some(1_000_000));
        assert_eq!(free("", "", ""), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers() {
        let error = check(Path::new("/models/huge/encoder.bin"), u64::MAX).unwrap_err();
        assert!(error.is_retryable());
        let text = error.to_string();
        assert!(text.contains("huge/encoder.bin") && text.contains("18446744073709551615 bytes"), "{text}");
        check(Path::new("/models/tiny/encoder.bin"), 1).unwrap();
    }
}
