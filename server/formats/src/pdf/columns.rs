//! Finds the columns of a page: a recursive cut along the gutters that text leaves free, with what reaches over a gutter (a
//! title, a wide table) kept between the columns above and below it.

use super::geometry::{Area, median};

/// The indices of the areas that stand in one column, in groups in reading order. Inside a group nothing is sorted.
pub(super) fn groups(areas: &[Area]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut all: Vec<usize> = (0..areas.len()).collect();
    all.sort_by(|a, b| areas[*a].top.total_cmp(&areas[*b].top).then(a.cmp(b)));
    cut(areas, all, 0, &mut found);
    found
}

/// Deepest nesting of cuts: three columns take two, boxes inside columns some more.
const MAX_CUTS: usize = 8;

/// Into how many strips a region is divided to look for a gutter: 1 to 2 points each on usual pages.
const STRIPS: usize = 400;

/// Fewest rows that stand beside each other for columns: fewer are a heading with a date beside it.
const MIN_ROWS: usize = 3;

/// How much of its column's width the typical row of running text fills at least. Rows of tables and forms fill less.
const MIN_FILL: f32 = 0.55;

/// The narrowest column of running text, in heights of its lines; narrower ones are labels.
const MIN_WIDTH: f32 = 9.0;

/// A strip is free enough for a gutter if at most this share of the text beside it crosses it.
const MAX_CROSSING: f32 = 0.75;

/// `indices` come sorted from the top.
fn cut(areas: &[Area], indices: Vec<usize>, depth: usize, found: &mut Vec<Vec<usize>>) {
    if indices.is_empty() {
        return;
    }
    let bands = if depth < MAX_CUTS { split(areas, &indices, MAX_BESIDE) } else { None };
    let Some(bands) = bands else {
        found.push(indices);
        return;
    };
    for band in bands {
        match band {
            Band::Wide(wide) => cut(areas, wide, depth + 1, found),
            Band::Beside { left, right } => {
                cut(areas, left, depth + 1, found);
                cut(areas, right, depth + 1, found);
            }
        }
    }
}

/// A horizontal band of a region.
enum Band {
    /// What reaches over the gutter.
    Wide(Vec<usize>),
    /// What stands to both sides of it.
    Beside { left: Vec<usize>, right: Vec<usize> },
}

/// How often what stands beside a gutter is cut to see whether it is columns itself: three columns take one cut.
const MAX_BESIDE: usize = 1;

/// The bands around the best gutter of a region, if it has one. Beside it stands running text, or columns of it, which are cut
/// at most so often to see that: rows of columns whose lines are not level fill but a part of their region.
fn split(areas: &[Area], indices: &[usize], cuts: usize) -> Option<Vec<Band>> {
    if indices.len() < 2 * MIN_ROWS {
        return None;
    }
    let are_columns =
        |side: &[usize]| is_running_text(areas, side) || cuts > 0 && split(areas, side, cuts - 1).is_some();
    gutters(areas, indices).into_iter().find_map(|gutter| {
        let bands = bands(areas, indices, gutter);
        let is_cut = bands.iter().any(|band| match band {
            Band::Wide(_) => false,
            Band::Beside { left, right } => are_columns(left) && are_columns(right),
        });
        is_cut.then_some(bands)
    })
}

/// The places where a gutter may be, the freest first.
fn gutters(areas: &[Area], indices: &[usize]) -> Vec<f32> {
    let region = indices.iter().map(|i| areas[*i]).reduce(Area::around).unwrap_or_default();
    let step = region.width() / STRIPS as f32;
    if step <= 0.0 {
        return Vec::new();
    }
    let strip = |x: f32| (((x - region.left) / step).round().max(0.0) as usize).min(STRIPS);
    // Text that covers each strip, in points of height: differences first, then their running sum.
    let mut cover = vec![0.0f32; STRIPS + 1];
    for area in indices.iter().map(|i| areas[*i]) {
        cover[strip(area.left)] += area.height();
        cover[strip(area.right)] -= area.height();
    }
    let mut sum = 0.0;
    for value in &mut cover {
        sum += *value;
        *value = sum;
    }
    let peaks_left = running_peaks(cover.iter());
    let mut peaks_right = running_peaks(cover.iter().rev());
    peaks_right.reverse();
    let mut found: Vec<(f32, f32)> = Vec::new();
    let mut at = 1;
    while at < STRIPS {
        let level = cover[at];
        let end = (at..STRIPS).find(|i| (cover[*i] - level).abs() > 0.01).unwrap_or(STRIPS);
        if level <= MAX_CROSSING * peaks_left[at].min(peaks_right[end - 1]) {
            found.push((level, region.left + f32::midpoint(at as f32, end as f32) * step));
        }
        at = end;
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.truncate(MAX_GUTTERS);
    found.into_iter().map(|(_, x)| x).collect()
}

/// Most gutters tried in a region.
const MAX_GUTTERS: usize = 12;

fn running_peaks<'a>(values: impl Iterator<Item = &'a f32>) -> Vec<f32> {
    values
        .scan(0.0f32, |peak, value| {
            *peak = peak.max(*value);
            Some(*peak)
        })
        .collect()
}

/// Cuts a region at a gutter, and across where something reaches over it.
fn bands(areas: &[Area], indices: &[usize], gutter: f32) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    // The lowest edge of what reaches over: what shares its rows belongs to it.
    let mut wide_until = f32::MIN;
    for &index in indices {
        let area = areas[index];
        let is_crossing = area.left < gutter && area.right > gutter;
        let is_beside_wide = area.middle_y() < wide_until;
        if is_crossing || is_beside_wide {
            if is_crossing {
                wide_until = wide_until.max(area.bottom);
            }
            match bands.last_mut() {
                Some(Band::Wide(wide)) => wide.push(index),
                _ => bands.push(Band::Wide(vec![index])),
            }
            continue;
        }
        if !matches!(bands.last(), Some(Band::Beside { .. })) {
            bands.push(Band::Beside { left: Vec::new(), right: Vec::new() });
        }
        if let Some(Band::Beside { left, right }) = bands.last_mut() {
            if area.right <= gutter { left.push(index) } else { right.push(index) }
        }
    }
    bands
}

/// Whether the rows on one side of a gutter are lines of text that fill their column.
fn is_running_text(areas: &[Area], indices: &[usize]) -> bool {
    let mut rows: Vec<Area> = Vec::new();
    for area in indices.iter().map(|i| areas[*i]) {
        match rows.last_mut() {
            Some(row) if row.shares_row(area) => *row = row.around(area),
            _ => rows.push(area),
        }
    }
    let Some(column) = rows.iter().copied().reduce(Area::around) else { return false };
    let width = median(rows.iter().map(|row| row.width()).collect());
    let height = median(rows.iter().map(|row| row.height()).collect());
    rows.len() >= MIN_ROWS && width >= MIN_FILL * column.width() && width >= MIN_WIDTH * height
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 10 points' height, 12 apart, in a column.
    fn column(left: f32, right: f32, top: f32, rows: usize) -> Vec<Area> {
        (0..rows).map(|i| Area::new(left, top + 12.0 * i as f32, right, top + 12.0 * i as f32 + 10.0)).collect()
    }

    fn check(parts: &[Vec<Area>], expect: &[&[usize]]) {
        let areas = parts.concat();
        let part_of: Vec<usize> = parts.iter().enumerate().flat_map(|(i, part)| vec![i; part.len()]).collect();
        let found: Vec<Vec<usize>> = groups(&areas)
            .into_iter()
            .map(|group| {
                let mut parts: Vec<usize> = group.into_iter().map(|i| part_of[i]).collect();
                parts.dedup();
                parts
            })
            .collect();
        assert_eq!(found, expect.iter().map(|group| group.to_vec()).collect::<Vec<_>>());
    }

    #[test]
    fn one_column_stays_whole() {
        check(&[column(50.0, 500.0, 0.0, 20)], &[&[0]]);
        check(&[], &[]);
        check(&[column(50.0, 500.0, 0.0, 1)], &[&[0]]);
    }

    #[test]
    fn two_and_three_columns_are_read_one_after_the_other() {
        check(&[column(50.0, 290.0, 0.0, 20), column(310.0, 550.0, 3.0, 18)], &[&[0], &[1]]);
        let three = [column(50.0, 200.0, 0.0, 9), column(220.0, 370.0, 0.0, 9), column(390.0, 540.0, 0.0, 5)];
        check(&three, &[&[0], &[1], &[2]]);
        // Lines of columns that are not level.
        let three = [column(50.0, 200.0, 0.0, 9), column(220.0, 370.0, 4.0, 9), column(390.0, 540.0, 8.0, 9)];
        check(&three, &[&[0], &[1], &[2]]);
    }

    #[test]
    fn a_title_and_a_wide_figure_stay_between_the_columns() {
        let parts = [
            column(100.0, 500.0, 0.0, 2),
            column(50.0, 290.0, 40.0, 10),
            column(310.0, 550.0, 40.0, 10),
            column(60.0, 540.0, 170.0, 3),
            column(50.0, 290.0, 220.0, 10),
            column(310.0, 550.0, 220.0, 10),
        ];
        check(&parts, &[&[0], &[1], &[2], &[3], &[4], &[5]]);
    }

    #[test]
    fn a_form_of_labels_and_values_is_read_by_rows() {
        let mut labels = column(50.0, 90.0, 0.0, 10);
        labels[3].right = 200.0;
        check(
            &[labels, column(250.0, 290.0, 0.0, 10), vec![Area::new(250.0, 120.0, 500.0, 130.0)]].map(|part| part),
            &[&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2]],
        );
    }

    #[test]
    fn any_areas_are_all_kept_once() {
        let odd = [f32::NAN, f32::INFINITY, 0.0, -5.0, 1e30, 300.0];
        let mut areas = Vec::new();
        for a in odd {
            for b in odd {
                areas.push(Area::new(a, b, b, a));
            }
        }
        let mut kept: Vec<usize> = groups(&areas).concat();
        kept.sort_unstable();
        assert_eq!(kept, (0..areas.len()).collect::<Vec<_>>());
    }
}
