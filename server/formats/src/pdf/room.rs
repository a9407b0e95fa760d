//! Tells how far the lines of a column could have reached. A page that holds short lines only does not tell that itself: its
//! longest line is no margin.

use super::eojeol::{goes_on_after, is_bound, is_first_piece, is_hangul, is_last_piece};
use super::geometry::Area;
use super::line::Line;
use super::marks::mark;
use super::style::ends_sentence;

/// A column whose longest line takes a smaller share of its room does not reach its margin.
const MIN_FILLED: f32 = 0.7;

/// Pairs of lines of which a smaller share goes on as a sentence does are no running text.
const MIN_OPEN: f32 = 0.25;

/// Columns that start at most so far apart (points) are one, on different pages.
const SAME_LEFT: f32 = 6.0;

/// The right margins of the columns of a page of some width: as far from its edge as the text's left margin, or where the
/// next column starts.
pub(super) fn margins(columns: &[Vec<Line>], width: f32) -> Vec<f32> {
    let areas: Vec<Option<Area>> = columns.iter().map(|lines| area(lines)).collect();
    let left = areas.iter().flatten().map(|area| area.left).fold(f32::INFINITY, f32::min).max(0.0);
    let margin = |own: &Area| {
        let beside = areas
            .iter()
            .flatten()
            .filter(|other| other.left >= own.right && other.top < own.bottom && own.top < other.bottom);
        beside.map(|other| other.left).fold(width - left, f32::min)
    };
    areas.iter().map(|own| own.as_ref().map_or(width - left, margin)).collect()
}

/// The right edge of a column that does not reach its margin with any line and holds no running text, as far as pages show
/// it: that of columns elsewhere that start where it does (`others`: left and right edges), otherwise the margin.
pub(super) fn right_edge(lines: &[Line], margin: f32, others: &[(f32, f32)]) -> Option<f32> {
    let area = area(lines)?;
    let elsewhere = others
        .iter()
        .filter(|(left, right)| (left - area.left).abs() < SAME_LEFT && *right <= margin + SAME_LEFT)
        .map(|(_, right)| *right)
        .fold(f32::NEG_INFINITY, f32::max);
    let is_filled = |right: f32| area.width() >= MIN_FILLED * (right - area.left);
    let edge = if elsewhere - area.left >= MIN_FILLED * (margin - area.left) { elsewhere } else { margin };
    (edge.is_finite() && !is_filled(edge) && !is_running_text(lines)).then_some(edge)
}

/// The left and the right edge of the text of a column.
pub(super) fn edges(lines: &[Line]) -> Option<(f32, f32)> {
    area(lines).map(|area| (area.left, area.right))
}

fn area(lines: &[Line]) -> Option<Area> {
    lines.iter().filter(|line| line.table.is_none()).map(|line| line.area).reduce(Area::around)
}

/// Whether lines go on as sentences do: next lines start in lower case, or stand behind a particle; or lines of Korean are cut
/// where the column ends.
fn is_running_text(lines: &[Line]) -> bool {
    let Some(area) = area(lines) else { return false };
    let is_cut = |pair: &&[Line]| {
        let (last, next) = (&pair[0], &pair[1]);
        let are_hangul = last.text.trim_end().ends_with(is_hangul) && next.text.trim_start().starts_with(is_hangul);
        are_hangul && last.chars >= MIN_CUT && area.right - last.area.right <= last.size
    };
    let pairs = || lines.windows(2).filter(|pair| are_neighbours(&pair[0], &pair[1]));
    let open = pairs().filter(|pair| goes_on(&pair[0].text, &pair[1].text)).count();
    let cut = pairs().filter(is_cut).count();
    let torn = pairs().filter(is_cut).filter(|pair| is_torn(&pair[0].text, &pair[1].text)).count();
    let is_cut_text = cut >= 3 && cut * 2 >= pairs().count() && torn >= 2 && torn * 6 >= cut;
    open as f32 >= MIN_OPEN * pairs().count() as f32 && open > 0 || is_cut_text
}

/// Whether a break is seen to be inside of a word: items of a list may be of one width as well.
fn is_torn(last: &str, next: &str) -> bool {
    let (tail, head) = (last.split_whitespace().next_back(), next.split_whitespace().next());
    tail.is_some_and(is_first_piece) || head.is_some_and(|head| is_last_piece(head) || is_bound(head))
}

/// Fewest characters of lines that are cut where their column ends: shorter ones of one width are items of a list.
const MIN_CUT: usize = 12;

/// Whether two lines could be of one paragraph, for all that looks tell.
fn are_neighbours(last: &Line, next: &Line) -> bool {
    let is_text = last.table.is_none() && next.table.is_none();
    let is_alike = (0.93..1.07).contains(&(next.size / last.size.max(0.1))) && last.is_bold() == next.is_bold();
    is_text && is_alike && !ends_sentence(&last.text) && mark(&next.text).is_none()
}

/// Whether the words at a break tell that it is inside of a sentence.
pub(super) fn goes_on(last: &str, next: &str) -> bool {
    let (last, next) = (last.trim_end(), next.trim_start());
    let tail = last.rsplit(char::is_whitespace).next().unwrap_or(last);
    next.starts_with(char::is_lowercase)
        || last.ends_with([',', '\u{ad}'])
        || last.strip_suffix('-').is_some_and(|word| word.ends_with(char::is_alphanumeric))
        || goes_on_after(tail) && next.starts_with(|c: char| is_hangul(c) || c.is_alphanumeric())
}

/// Whether an editor broke the lines of a document early inside of sentences, as seen where lines of Hangul follow lines
/// that end well before the edge of their column.
pub(super) fn breaks_early<'a>(columns: impl Iterator<Item = &'a [Line]>) -> bool {
    let (mut open, mut all) = (0, 0);
    for lines in columns {
        let Some(area) = area(lines) else { continue };
        let early = lines.windows(2).filter(|pair| {
            let slack = area.right - pair[0].area.right;
            let starts = pair[1].text.trim_start().starts_with(is_hangul);
            slack > EARLY * area.width() && starts && are_neighbours(&pair[0], &pair[1])
        });
        for pair in early {
            all += 1;
            open += usize::from(goes_on(&pair[0].text, &pair[1].text));
        }
    }
    open > 0 && open as f32 >= MIN_OPEN * all as f32
}

/// A line ends early that leaves more than this share of its column.
pub(super) const EARLY: f32 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str], left: f32, right: f32) -> Vec<Line> {
        let line = |(row, text): (usize, &&str)| {
            let top = 100.0 + 20.0 * row as f32;
            Line::run((*text).to_owned(), Area::new(left, top, right, top + 10.0), 10.0)
        };
        texts.iter().enumerate().map(line).collect()
    }

    #[test]
    fn a_margin_is_as_wide_as_the_left_one_or_ends_at_the_next_column() {
        let (first, second) = (lines(&["a", "b"], 50.0, 200.0), lines(&["c", "d"], 320.0, 400.0));
        assert_eq!(margins(&[first.clone(), second], 600.0), [320.0, 550.0]);
        assert_eq!(margins(&[first, Vec::new()], 600.0), [550.0, 550.0]);
    }

    #[test]
    fn short_lines_do_not_make_a_margin() {
        let list = lines(&["열쇠 보관 3층", "소화기 점검 월말", "담당 김하늘"], 50.0, 150.0);
        assert_eq!(right_edge(&list, 550.0, &[]), Some(550.0));
        assert_eq!(right_edge(&list, 550.0, &[(52.0, 500.0), (300.0, 540.0)]), Some(500.0));
        assert_eq!(right_edge(&list, 180.0, &[]), None, "a narrow column is filled");
    }

    #[test]
    fn narrow_running_text_keeps_its_own_edge() {
        let korean = lines(&["열쇠를 잃은 사람은", "숙직실에 알리고 새", "열쇠를 받는다."], 50.0, 150.0);
        assert_eq!(right_edge(&korean, 550.0, &[]), None);
        let cut = [
            "열쇠를 잃은 사람은 바로 숙직실의 담",
            "당자에게 그 사실을 알린 뒤 새로운 열",
            "쇠를 받고 그 날짜와 이름을 대장에 적",
            "어 보관하며 다음 달 말일에 다시 한번 확",
            "인한다.",
        ];
        let mut cut = lines(&cut, 50.0, 200.0);
        assert_eq!(right_edge(&cut, 550.0, &[]), None);
        let item = ["서울특별시 강남구 역삼동 지점 창고"; 6];
        assert_eq!(right_edge(&lines(&item, 50.0, 200.0), 550.0, &[]), Some(550.0));
        // Items of different widths are none.
        (0..).zip(&mut cut).for_each(|(at, line)| line.area.right -= 25.0 * f32::from(at % 3_u8));
        assert_eq!(right_edge(&cut, 550.0, &[]), Some(550.0));
        let english = lines(&["A key that is", "lost is told", "to the Guard."], 50.0, 150.0);
        assert_eq!(right_edge(&english, 550.0, &[]), None);
    }

    #[test]
    fn an_editor_that_breaks_early_is_seen_from_particles() {
        let column = |texts: &[&str]| {
            let mut lines = lines(texts, 50.0, 150.0);
            lines.push(Line { area: Area::new(50.0, 400.0, 550.0, 410.0), ..lines[0].clone() });
            lines
        };
        let broken = column(&["열쇠를 잃은 사람은", "숙직실에 알리고 새", "열쇠를 받는다."]);
        let list = column(&["열쇠 보관 3층", "소화기 점검 월말", "담당 김하늘"]);
        assert!(breaks_early([&broken[..]].into_iter()));
        assert!(!breaks_early([&list[..]].into_iter()));
        assert!(!breaks_early(std::iter::empty()));
    }
}
