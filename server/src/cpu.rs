//! Whether this CPU can run this program. The vector index is compiled for x86-64-v3: on an older CPU the first search
//! would die of an illegal instruction, so the program says so at its start instead.

/// The features of x86-64-v3 that the vector index uses and this CPU lacks; always none on other architectures.
pub fn missing_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let features = [
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("bmi2", std::is_x86_feature_detected!("bmi2")),
            ("f16c", std::is_x86_feature_detected!("f16c")),
        ];
        features.into_iter().filter(|(_, has)| !has).map(|(name, _)| name).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

/// What to say when features are missing.
pub fn message(missing: &[&str]) -> String {
    let missing = missing.join(", ");
    format!(
        "this CPU lacks {missing}, which the vector index needs (x86-64-v3: Intel Haswell of 2013, AMD Excavator of \
         2015, or later); run ragops-server on such a CPU, or let the virtual machine pass its CPU through"
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_message_names_what_is_missing() {
        assert!(super::message(&["avx2", "fma"]).starts_with("this CPU lacks avx2, fma, which"));
    }
}
