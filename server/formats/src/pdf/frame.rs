//! Turns a page so that text in a direction is upright, with the upper left corner of what is shown as origin.

use super::geometry::{Area, tame};

/// How a page's coordinates become those of the reader.
pub(super) struct Frame {
    sine: f32,
    cosine: f32,
    left: f32,
    top: f32,
    /// The height of what is shown.
    pub(super) height: f32,
    /// The width of what is shown.
    pub(super) width: f32,
}

impl Frame {
    /// The frame of a page whose text runs in a direction (degrees), of which the part between two corners is shown.
    pub(super) fn new(direction: f32, (x0, y0, x1, y1): (f32, f32, f32, f32)) -> Self {
        let (sine, cosine) = direction.to_radians().sin_cos();
        let mut frame = Self { sine, cosine, left: 0.0, top: 0.0, height: 0.0, width: 0.0 };
        let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(tame);
        let turned = [(x0, y0), (x0, y1), (x1, y0), (x1, y1)].map(|(x, y)| frame.turn(x, y));
        let least = |values: [f32; 4]| values.into_iter().fold(f32::INFINITY, f32::min);
        let most = |values: [f32; 4]| values.into_iter().fold(f32::NEG_INFINITY, f32::max);
        frame.left = least(turned.map(|(x, _)| x));
        frame.top = most(turned.map(|(_, y)| y));
        frame.width = most(turned.map(|(x, _)| x)) - frame.left;
        frame.height = frame.top - least(turned.map(|(_, y)| y));
        frame
    }

    fn turn(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.cosine + y * self.sine, y * self.cosine - x * self.sine)
    }

    /// The place of a glyph whose baseline starts at a point, with its advance and its font size.
    pub(super) fn glyph(&self, x: f32, y: f32, advance: f32, size: f32) -> Area {
        let (x, y) = self.turn(tame(x), tame(y));
        Area::new(x - self.left, self.top - y - size, x - self.left + tame(advance), self.top - y)
    }

    /// The place of what is drawn between two corners.
    pub(super) fn drawing(&self, x0: f32, y0: f32, x1: f32, y1: f32) -> Area {
        let ((x0, y0), (x1, y1)) = (self.turn(tame(x0), tame(y0)), self.turn(tame(x1), tame(y1)));
        Area::new(x0 - self.left, self.top - y0, x1 - self.left, self.top - y1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: (f32, f32, f32, f32) = (0.0, 0.0, 600.0, 800.0);

    fn check(direction: f32, x: f32, y: f32, expect: [f32; 4]) {
        let area = Frame::new(direction, PAGE).glyph(x, y, 5.0, 10.0);
        let found = [area.left, area.top, area.right, area.bottom];
        assert!(found.iter().zip(expect).all(|(a, b)| (a - b).abs() < 0.01), "{found:?}, not {expect:?}");
    }

    #[test]
    fn upright_text_is_measured_from_the_upper_left() {
        check(0.0, 100.0, 700.0, [100.0, 90.0, 105.0, 100.0]);
    }

    #[test]
    fn turned_text_becomes_upright() {
        // Written upwards: along the page's height, lines follow to the right.
        check(90.0, 100.0, 700.0, [700.0, 90.0, 705.0, 100.0]);
        check(180.0, 100.0, 700.0, [500.0, 690.0, 505.0, 700.0]);
        let frame = Frame::new(90.0, PAGE);
        assert!((frame.width - 800.0).abs() < 0.01 && (frame.height - 600.0).abs() < 0.01);
    }

    #[test]
    fn any_numbers_make_a_frame() {
        let frame = Frame::new(f32::NAN, (f32::NAN, f32::INFINITY, -1e30, 0.0));
        let area = frame.glyph(f32::NAN, 1.0, f32::INFINITY, -5.0);
        assert!(area.left.is_finite() && area.bottom.is_finite());
    }
}
