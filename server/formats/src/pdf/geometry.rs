//! Rectangles on a page. Total: whatever numbers a file holds, an area is finite and its edges are in order.

/// A rectangle in points from the upper left corner of its page; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

/// Farthest from the corner that anything can be; the format ends a page at 14,400 points (ISO 32000-1, annex C).
const FARTHEST: f32 = 100_000.0;

impl Area {
    /// The area between two corners, in any order.
    pub(super) fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        let [left, top, right, bottom] = [left, top, right, bottom].map(tame);
        Self { left: left.min(right), top: top.min(bottom), right: left.max(right), bottom: top.max(bottom) }
    }

    pub(super) fn width(self) -> f32 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f32 {
        self.bottom - self.top
    }

    pub(super) fn middle_y(self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }

    /// The smallest area around both.
    pub(super) fn around(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether the two stand in one row: they share more than half of the lower one's height.
    pub(super) fn shares_row(self, other: Self) -> bool {
        let shared = self.bottom.min(other.bottom) - self.top.max(other.top);
        shared > 0.5 * self.height().min(other.height()).max(0.1)
    }

    /// Whether the middle of `other` lies inside, with `slack` points to every side.
    pub(super) fn holds_middle(self, other: Self, slack: f32) -> bool {
        let (x, y) = (f32::midpoint(other.left, other.right), other.middle_y());
        x >= self.left - slack && x <= self.right + slack && y >= self.top - slack && y <= self.bottom + slack
    }
}

/// A number of a file as a coordinate.
pub(super) fn tame(number: f32) -> f32 {
    if number.is_finite() { number.clamp(-FARTHEST, FARTHEST) } else { 0.0 }
}

/// The middle one of some numbers; 0 where there is none.
pub(super) fn median(mut numbers: Vec<f32>) -> f32 {
    numbers.sort_by(f32::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_numbers_make_a_finite_area() {
        let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -0.0, 5.0];
        for left in odd {
            for bottom in odd {
                let area = Area::new(left, 10.0, 3.0, bottom);
                assert!(area.width() >= 0.0 && area.height() >= 0.0, "{area:?}");
                assert!(area.around(area).middle_y().is_finite() && area.height().is_finite(), "{area:?}");
            }
        }
    }

    #[test]
    fn a_row_is_shared_by_more_than_half() {
        let line = Area::new(0.0, 100.0, 50.0, 110.0);
        assert!(line.shares_row(Area::new(60.0, 104.0, 90.0, 114.0)));
        assert!(!line.shares_row(Area::new(60.0, 106.0, 90.0, 116.0)));
        assert!(line.shares_row(Area::new(50.0, 98.0, 55.0, 104.0)), "a raised mark");
    }

    #[test]
    fn the_median_of_nothing_is_zero() {
        assert_eq!(median(Vec::new()).to_bits(), 0.0f32.to_bits());
        assert_eq!(median(vec![3.0, 1.0, 2.0]).to_bits(), 2.0f32.to_bits());
    }
}
