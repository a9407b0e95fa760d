//! Categories that are written once and left blank below, as in printed reports: each is the heading of its rows, for a row may
//! be read alone. The blank cells stay blank. Cells that are blank because nothing is to be said look alike; what tells them
//! apart is below.

use std::collections::{HashMap, HashSet};

use super::{GridRow, labels, words};

/// What the first column is called, in small letters without spaces, where a blank below means the same again.
const LEVELS: [&str; 22] = [
    "구분",
    "연도",
    "대분류",
    "대구분",
    "상위분류",
    "그룹",
    "분류",
    "카테고리",
    "부서",
    "지역",
    "본부",
    "부문",
    "year",
    "group",
    "section",
    "maincategory",
    "category",
    "department",
    "division",
    "region",
    "team",
    "area",
];

/// Where the parts of a table's rows begin, and whether each is a group under the category in its first cell; totals of all
/// groups are none. `name` is what the first column is called.
///
/// Blanks go on with the category above only where that holds for all: each category has rows with a blank and none is written
/// twice, each row has the next column and all that the rows with a category have, nothing comes twice in a group; and where
/// groups repeat each other, beyond their first rows, or the column is called a level of a division.
pub(super) fn parts(name: &str, rows: &[GridRow]) -> Vec<(usize, bool)> {
    let is_of_all = |row: &GridRow| is_total_of_all(row.first_text());
    let count = rows.iter().rposition(|row| !is_of_all(row)).map_or(0, |last| last + 1);
    let (groups, totals) = rows.split_at(count);
    if !are_groups(groups) || !(is_level(name) || repeats_across_groups(groups)) {
        return Vec::new();
    }
    let starts = (0..count).filter(|at| !groups[*at].text(0).is_empty()).map(|at| (at, true));
    starts.chain((!totals.is_empty()).then_some((count, false))).collect()
}

/// Whether a text is that of a total, and not of one of a part.
fn is_total_of_all(text: &str) -> bool {
    let bare = words::bare(text);
    words::is_total(text) && !(bare.contains("소계") || bare.contains("subtotal"))
}

fn is_level(name: &str) -> bool {
    let name: String = name.to_lowercase().split_whitespace().collect();
    LEVELS.contains(&name.as_str())
}

/// Whether the rows are groups of several that begin where the first column is filled.
fn are_groups(rows: &[GridRow]) -> bool {
    let Some(first) = rows.first().filter(|first| first.cells.len() > 1 && !first.text(0).is_empty()) else {
        return false;
    };
    let (mut categories, mut in_group) = (HashSet::new(), HashSet::new());
    for (at, row) in rows.iter().enumerate() {
        if !row.text(0).is_empty() {
            in_group.clear();
            let has_blank = rows.get(at + 1).is_some_and(|next| next.text(0).is_empty());
            let is_value = row.cells[0].is_value && !labels::is_year(row.text(0));
            if !has_blank || is_value || row.cells[0].is_repeated || !categories.insert(row.text(0)) {
                return false;
            }
        }
        let is_as_full = words::is_total(row.text(1))
            || (1..first.cells.len()).all(|at| first.text(at).is_empty() || !row.text(at).is_empty());
        if row.text(1).is_empty() || !is_as_full || !in_group.insert(row.text(1)) {
            return false;
        }
    }
    categories.len() > 1
}

/// Whether what stands in a row without a category stands in one of another group, too: `청소년` of each region.
fn repeats_across_groups(data: &[GridRow]) -> bool {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut group = 0;
    for row in data {
        if !row.text(0).is_empty() {
            group += 1;
        } else if *seen.entry(row.text(1)).or_insert(group) != group {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::tests::grid;
    use super::*;

    /// The categories that are headings, and the rows of each.
    fn check(text: &str, expect: &[(&str, usize)]) {
        let rows = grid(text).rows;
        let found = parts(rows[0].text(0), &rows[1..]);
        let end = |at: usize| found.get(at + 1).map_or(rows.len() - 1, |(next, _)| *next);
        let group = |(at, (start, is_group)): (usize, &(usize, bool))| {
            (if *is_group { rows[1 + start].text(0) } else { "" }, end(at) - start)
        };
        assert_eq!(found.iter().enumerate().map(group).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn a_category_written_once_is_the_heading_of_its_rows() {
        check(
            "Region|Grade|Fare\nNorth|adult|1250\n|teen|720\n|child|450\nSouth|adult|1400\n|teen|1050",
            &[("North", 3), ("South", 2)],
        );
        check("구분|품목|단가\n배관|파이프|1200\n|엘보|800\n전기|전선|300\n|스위치|2500", &[("배관", 2), ("전기", 2)]);
        check(
            "구분|품목|단가\n배관|파이프|12\n|소계|12\n전기|전선|3\n|소계|3\n|합계|15",
            &[("배관", 2), ("전기", 2), ("", 1)],
        );
        check("연도|월|매출\n2025|1|10\n|2|20\n2026|1|11\n|2|21", &[("2025", 2), ("2026", 2)]);
        check(
            "본부|팀|팀장|인원\n경영|인사|김|5\n|총무|이|4\n|소계||9\n기술|개발|박|20\n|소계||20\n합계|||29",
            &[("경영", 3), ("기술", 2), ("", 1)],
        );
    }

    #[test]
    fn a_cell_with_nothing_to_say_stays_blank() {
        for text in [
            // A nickname is no category: nothing repeats but the first of each.
            "Alias|Host|Port\nbob|kafka|1\n|redis|2\nal|mongo|3\n|etcd|4",
            // Written twice: the blanks between are blank.
            "상태|등급|값\n긴급|a|1\n|b|2\n긴급|a|3\n|b|4",
            // Twice in one group.
            "Owner|Team|Task\nKim|ops|1\n|pay|2\n|pay|3\nLee|ops|4\n|pay|5",
            // A row that lacks what the others have is a remark.
            "구분|품목|단가\n배관|파이프|12\n|별도 문의|\n전기|전선|3",
            // Blank from the start.
            "Region|Grade|Fare\n|adult|1\nNorth|teen|2\n|adult|3",
            "구분|품목|단가\n1|파이프|12\n|엘보|8\n2|전선|3",
            // Somebody without a team, a shop without a region: the others have one each.
            "부서|이름|내선\n운영팀|김철수|1201\n개발팀|이영희|1202\n|박외주 (프리랜서)|1203\n인사팀|최지훈|1204",
            "Team|Name|Desk\nCore|Ann|A1\nEdge|Bob|A2\n|Cid (contractor)|B1\n|Dan (intern)|B2\nData|Eve|A3",
            "지역|지점|매출\n서울|강남점|100\n부산|해운대점|50\n|온라인몰|200\n대구|동성로점|30",
            // One category of two has no further row.
            "구분|품목|단가\n배관|파이프|12\n|엘보|8\n전기|전선|3\n|합계|23",
        ] {
            check(text, &[]);
        }
    }
}
