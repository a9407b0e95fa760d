//! Categories that are written once and left blank below: they are said in each row that they reach, as merged cells are, for
//! a row is read alone. Cells that are blank because nothing is to be said look alike; what tells them apart is below.

use std::collections::{HashMap, HashSet};

use super::{GridRow, words};

/// What the first column is called, in small letters without spaces, where a blank below means the same again.
const LEVELS: [&str; 20] = [
    "구분",
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
/// Says the first column's category in the blanks below it. `rows` begin with the header.
///
/// Blanks are the same again only where no category is written twice, each row has the next column and all that the rows with
/// a category have, nothing comes twice in a group; and where groups repeat each other, beyond their first rows, or the column
/// is called a level of a division.
pub(super) fn say_again(rows: &mut [GridRow]) {
    let Some((header, data)) = rows.split_first_mut() else { return };
    if !are_groups(data) || !(is_level(header.text(0)) || repeats_across_groups(data)) {
        return;
    }
    let mut category = String::new();
    for row in data {
        if !row.text(0).is_empty() {
            row.text(0).clone_into(&mut category);
        } else if !words::is_total(row.first_text()) {
            row.cells[0].text.clone_from(&category);
            row.cells[0].is_repeated = true;
        }
    }
}

fn is_level(name: &str) -> bool {
    let name: String = name.to_lowercase().split_whitespace().collect();
    LEVELS.contains(&name.as_str())
}

/// Whether the rows are groups that begin where the first column is filled, and the others go on with them.
fn are_groups(data: &[GridRow]) -> bool {
    let Some(first) = data.first().filter(|first| first.cells.len() > 1 && !first.text(0).is_empty()) else {
        return false;
    };
    let (mut categories, mut in_group) = (HashSet::new(), HashSet::new());
    let (mut count, mut blank) = (0, 0);
    for row in data {
        if row.text(0).is_empty() {
            blank += 1;
        } else {
            count += 1;
            in_group.clear();
            if row.cells[0].is_value || row.cells[0].is_repeated || !categories.insert(row.text(0)) {
                return false;
            }
        }
        let is_as_full = (1..first.cells.len()).all(|at| first.text(at).is_empty() || !row.text(at).is_empty());
        if row.text(1).is_empty() || !is_as_full || !in_group.insert(row.text(1)) {
            return false;
        }
    }
    count > 1 && blank > 0
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

    fn check(text: &str, expect: &[&str]) {
        let mut rows = grid(text).rows;
        say_again(&mut rows);
        assert_eq!(rows[1..].iter().map(|row| row.text(0)).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn a_category_written_once_is_said_in_the_rows_it_reaches() {
        check(
            "Region|Grade|Fare\nNorth|adult|1250\n|teen|720\n|child|450\nSouth|adult|1400\n|teen|1050",
            &["North", "North", "North", "South", "South"],
        );
        check(
            "구분|품목|단가\n배관|파이프|1200\n|엘보|800\n전기|전선|300\n|스위치|2500",
            &["배관", "배관", "전기", "전기"],
        );
        check("구분|품목|단가\n배관|파이프|12\n|엘보|8\n전기|전선|3\n|합계|23", &["배관", "배관", "전기", ""]);
    }

    #[test]
    fn a_cell_with_nothing_to_say_stays_blank() {
        for (text, expect) in [
            // A nickname is no category: nothing repeats but the first of each.
            ("Alias|Host|Port\nbob|kafka|1\n|redis|2\nal|mongo|3\n|etcd|4", vec!["bob", "", "al", ""]),
            // Written twice: the blanks between are blank.
            ("상태|등급|값\n긴급|a|1\n|b|2\n긴급|a|3\n|b|4", vec!["긴급", "", "긴급", ""]),
            // Twice in one group.
            ("Owner|Team|Task\nKim|ops|1\n|pay|2\n|pay|3\nLee|ops|4\n|pay|5", vec!["Kim", "", "", "Lee", ""]),
            // A row that lacks what the others have is a remark.
            ("구분|품목|단가\n배관|파이프|12\n|별도 문의|\n전기|전선|3", vec!["배관", "", "전기"]),
            // Blank from the start.
            ("Region|Grade|Fare\n|adult|1\nNorth|teen|2\n|adult|3", vec!["", "North", ""]),
            ("구분|품목|단가\n1|파이프|12\n|엘보|8\n2|전선|3", vec!["1", "", "2"]),
        ] {
            check(text, &expect);
        }
    }
}
