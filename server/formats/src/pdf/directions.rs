//! Sorts text by the direction it runs in. A page is laid out once for each quarter turn that it has text in: a table turned
//! sideways, a stamp along the margin, columns of characters from the top down.

/// A direction of text, in degrees counterclockwise from left to right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Direction {
    degrees: f32,
    is_quarter: bool,
}

/// Text that differs by less from a quarter turn was meant to have it: a page that went into the scanner askew.
const SKEW: f32 = 5.0;

/// Slanted text that differs by less has the same direction.
const SLANT: f32 = 1.5;

impl Direction {
    /// The direction of text that is drawn at an angle.
    pub(super) fn of(degrees: f32) -> Self {
        let degrees = normal(degrees);
        let quarter = normal((degrees / 90.0).round() * 90.0);
        let is_quarter = normal(degrees - quarter).abs() <= SKEW;
        Self { degrees: if is_quarter { quarter } else { degrees }, is_quarter }
    }

    /// The direction that most text has, of angles with how much text is drawn at them; among equals it is `upright`, the
    /// one that stands upright when the page is shown.
    pub(super) fn most(texts: impl Iterator<Item = (f32, usize)>, upright: Self) -> Self {
        let mut counts: Vec<(Self, usize)> = Vec::new();
        for (degrees, length) in texts {
            match counts.iter().position(|(known, _)| known.holds(degrees)) {
                Some(at) => counts[at].1 += length,
                None if counts.len() < MAX_DIRECTIONS => counts.push((Self::of(degrees), length)),
                None => {}
            }
        }
        let rank = |direction: Self| (direction == upright, direction.is_quarter, -(direction.degrees.abs() as i32));
        let most = counts.into_iter().max_by_key(|(direction, count)| (*count, rank(*direction)));
        most.map_or(upright, |(direction, _)| direction)
    }

    /// Whether text at an angle runs in this direction.
    pub(super) fn holds(self, degrees: f32) -> bool {
        let reach = if self.is_quarter { SKEW } else { SLANT };
        normal(degrees - self.degrees).abs() <= reach
    }

    /// Whether it is that of text from left to right.
    pub(super) fn is_level(self) -> bool {
        self.degrees.to_bits() == 0.0f32.to_bits()
    }

    /// The angle in degrees.
    pub(super) fn degrees(self) -> f32 {
        self.degrees
    }

    /// The quarter turns, from left to right first.
    pub(super) fn quarters() -> [Self; 4] {
        [0.0, 90.0, -90.0, 180.0].map(Self::of)
    }
}

/// Most directions that are told apart: more are letters along a curve.
const MAX_DIRECTIONS: usize = 64;

/// An angle between -180 (left out) and 180.
pub(super) fn normal(degrees: f32) -> f32 {
    if !degrees.is_finite() {
        return 0.0;
    }
    let turned = degrees.rem_euclid(360.0);
    if turned > 180.0 { turned - 360.0 } else { turned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_askew_has_the_direction_it_was_meant_to_have() {
        for (degrees, expect) in [(2.0, 0.0), (-4.5, 0.0), (90.3, 90.0), (268.0, -90.0), (-179.0, 180.0), (45.0, 45.0)]
        {
            assert!((Direction::of(degrees).degrees() - expect).abs() < 0.01, "{degrees}");
            assert!(Direction::of(degrees).holds(degrees), "{degrees}");
        }
        assert!(Direction::of(180.0).holds(-178.0) && !Direction::of(0.0).holds(7.0));
        assert!(Direction::of(f32::NAN).is_level());
    }

    #[test]
    fn most_text_says_the_direction() {
        let check = |texts: &[(f32, usize)], upright: f32, expect: f32| {
            let found = Direction::most(texts.iter().copied(), Direction::of(upright));
            assert!((found.degrees() - expect).abs() < 0.01, "{texts:?}: {found:?}");
        };
        check(&[(0.0, 3), (90.0, 2), (90.2, 2)], 0.0, 90.0);
        check(&[(90.0, 1), (0.0, 1)], 0.0, 0.0);
        check(&[(90.0, 1), (0.0, 1)], 90.0, 90.0);
        check(&[], 0.0, 0.0);
    }
}
