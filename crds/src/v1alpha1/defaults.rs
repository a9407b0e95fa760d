//! Default values as functions, because serde and schemars name defaults by path. The value stands at the field:
//! `#[serde(default = "int::<384>")]`.

/// An `i32` default.
pub(crate) fn int<const N: i32>() -> i32 {
    N
}

/// A fraction given in thousandths: `thousandths::<950>` is 0.95.
pub(crate) fn thousandths<const N: i32>() -> f64 {
    f64::from(N) / 1000.0
}

/// `Some` of [`thousandths`], for an optional field of a default object.
pub(crate) fn some_thousandths<const N: i32>() -> Option<f64> {
    Some(thousandths::<N>())
}
