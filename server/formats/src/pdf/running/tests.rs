//! Pages of lines in, what is left of them out.

use super::*;

const HEIGHT: f32 = 800.0;

fn line(text: &str, top: f32, size: f32) -> Line {
    Line::run(text.to_owned(), Area::new(50.0, top, 300.0, top + size), size)
}

fn shape(number: u32) -> Shape {
    Shape { number, height: HEIGHT, body: 10.0 }
}

/// What is kept of what goes, by page.
fn check_kept(pages: &[Vec<Line>], expect: &[&[&str]]) {
    let edges: Vec<Edges> = (1..).zip(pages).map(|(number, lines)| Edges::of(lines, number, HEIGHT)).collect();
    let mut running = Running::of(&edges);
    let kept = (1..).zip(pages).map(|(number, lines)| {
        running.strip(&mut lines.clone(), shape(number)).into_iter().map(|line| line.text).collect::<Vec<_>>()
    });
    assert_eq!(kept.collect::<Vec<_>>(), expect);
}

/// Which texts are left of pages, each a list of text and place.
fn check(pages: &[Vec<Line>], expect: &[&[&str]]) {
    let edges: Vec<Edges> = (1..).zip(pages).map(|(number, lines)| Edges::of(lines, number, HEIGHT)).collect();
    let mut running = Running::of(&edges);
    let mut left = Vec::new();
    for (number, lines) in (1..).zip(pages) {
        let mut lines = lines.clone();
        running.strip(&mut lines, shape(number));
        left.push(lines.into_iter().map(|line| line.text).collect::<Vec<_>>());
    }
    assert_eq!(left, expect);
}

#[test]
fn headers_and_page_numbers_go() {
    let page = |number: usize, body: &str| {
        let footer = format!("- {number} -");
        vec![line("User Guide", 40.0, 10.0), line(body, 300.0, 10.0), line(&footer, 760.0, 10.0)]
    };
    check(&[page(9, "a"), page(10, "b"), page(11, "c"), page(12, "d")], &[&["a"], &["b"], &["c"], &["d"]]);
    check(&[page(1, "a"), page(2, "b")], &[&["a"], &["b"]]);
}

#[test]
fn a_file_of_one_page_keeps_everything() {
    check(&[vec![line("User Guide", 40.0, 10.0), line("1", 780.0, 10.0)]], &[&["User Guide", "1"]]);
}

/// `Section 1: torque the bolt to 30 Nm` at the top of a page was taken for a header.
#[test]
fn lines_that_differ_in_their_numbers_stay() {
    let page = |number: u32| {
        vec![
            line(&format!("Article {number}."), 60.0, 10.0),
            line(&format!("body {number}"), 300.0, 10.0),
            line(&format!("end {number}"), 312.0, 10.0),
        ]
    };
    let expect: Vec<Vec<String>> =
        (1..=4).map(|n| vec![format!("Article {n}."), format!("body {n}"), format!("end {n}")]).collect();
    let expect: Vec<Vec<&str>> = expect.iter().map(|page| page.iter().map(String::as_str).collect()).collect();
    let expect: Vec<&[&str]> = expect.iter().map(Vec::as_slice).collect();
    check(&[page(1), page(2), page(3), page(4)], &expect);
}

#[test]
fn what_stands_in_the_body_or_is_large_stays() {
    let body = |top: f32| line(&format!("body {}", "x".repeat(top as usize / 12)), top, 10.0);
    let page = vec![line("Agenda", 40.0, 28.0), body(288.0), line("Note", 300.0, 10.0), body(312.0)];
    let mut kept: Vec<Vec<Line>> = vec![page.clone(), page.clone(), page];
    let edges: Vec<Edges> = (1..).zip(&kept).map(|(number, lines)| Edges::of(lines, number, HEIGHT)).collect();
    kept.iter_mut().for_each(|lines| drop(Running::of(&edges).strip(lines, shape(1))));
    assert!(kept.iter().all(|lines| lines.iter().any(|line| line.text == "Agenda")));
    assert!(kept.iter().all(|lines| lines.iter().any(|line| line.text == "Note")));
}

#[test]
fn a_page_number_high_above_the_edge_goes() {
    let page = |number: &str, body: &str| vec![line(body, 300.0, 10.0), line(number, 650.0, 10.0)];
    check(&[page("1", "a"), page("2", "b")], &[&["a"], &["b"]]);
}

#[test]
fn a_small_header_with_the_pages_number_goes() {
    let first = vec![line("Title", 40.0, 10.0), line("a", 300.0, 10.0)];
    let second = vec![line("2 Z. Shen et al.", 40.0, 9.0), line("b", 300.0, 10.0)];
    check(&[first.clone(), second], &[&["Title", "a"], &["b"]]);
    check(&[first, vec![line("2 Background", 40.0, 10.0)]], &[&["Title", "a"], &["2 Background"]]);
}

#[test]
fn roman_numbers_and_a_moving_place_are_the_same_mark() {
    let page = |number: &str, top: f32| vec![line(number, top, 10.0)];
    check(&[page("iv", 760.0), page("v", 762.5), page("vi", 760.0), page("vii", 763.0)], &[&[], &[], &[], &[]]);
    check(&[page("Mix", 760.0), page("v", 760.0)], &[&["Mix"], &["v"]]);
}

/// Notes whose numbers are by chance those of their pages were taken for footers.
#[test]
fn a_note_with_the_number_of_its_page_stays() {
    let page = |number: usize, note: &str| {
        let body = format!("body {number}");
        vec![line(&body, 300.0, 11.0), line(&format!("{number} {note}"), 752.0, 8.0)]
    };
    let pages = [page(1, "Penalty class A."), page(2, "See the annex"), page(3, "As of 2026")];
    check(&pages, &[&["body 1", "1 Penalty class A."], &["body 2", "2 See the annex"], &["body 3", "3 As of 2026"]]);
    let raised = |number: usize, note: &str| {
        let mut mark = line(&number.to_string(), 750.0, 5.0);
        mark.area = Area::new(50.0, 750.0, 53.0, 755.0);
        let mut text = line(note, 752.0, 8.0);
        text.area.left = 66.0;
        vec![line(&format!("body {number}"), 300.0, 11.0), mark, text]
    };
    let pages = [raised(1, "Penalty class A."), raised(2, "See the annex"), raised(3, "As of 2026")];
    check(
        &pages,
        &[&["body 1", "1", "Penalty class A."], &["body 2", "2", "See the annex"], &["body 3", "3", "As of 2026"]],
    );
}

#[test]
fn words_that_repeat_beside_the_number_go() {
    let page = |number: usize, body: &str| {
        vec![line(body, 300.0, 10.0), line(&format!("{number} Annual report of the works."), 760.0, 8.0)]
    };
    check(&[page(1, "a"), page(2, "b"), page(3, "c")], &[&["a"], &["b"], &["c"]]);
    let page = |body: &str, footer: &str| vec![line(body, 300.0, 10.0), line(footer, 760.0, 8.0)];
    check(&[page("a", "1 / 3"), page("b", "2 / 3"), page("c", "3 / 3")], &[&["a"], &["b"], &["c"]]);
}

/// The title of a section stands beside the number of the page, but far from it.
#[test]
fn a_footer_whose_words_change_goes_and_a_caption_stays() {
    let page = |body: &str, title: &str, number: &str| {
        let mut number = line(number, 760.0, 8.0);
        (number.area.left, number.area.right) = (500.0, 510.0);
        vec![line(body, 300.0, 10.0), line(title, 760.0, 8.0), number]
    };
    check(&[page("a", "Methods", "1"), page("b", "Results", "2")], &[&["a"], &["b"]]);
    let page =
        |number: usize| vec![line(&format!("Table {number}"), 40.0, 9.0), line(&format!("body {number}"), 300.0, 10.0)];
    check(&[page(1), page(2), page(3)], &[&["Table 1", "body 1"], &["Table 2", "body 2"], &["Table 3", "body 3"]]);
}

#[test]
fn figures_at_the_foot_of_pages_stay() {
    let page = |body: &str, figure: &str| vec![line(body, 300.0, 10.0), line(figure, 748.0, 10.0)];
    check(
        &[page("a", "1,200"), page("b", "340"), page("c", "45%"), page("d", "78")],
        &[&["a", "1,200"], &["b", "340"], &["c", "45%"], &["d", "78"]],
    );
}

/// The last line of a short page (where to pay, whom to call) was taken for a footer wherever it stood.
#[test]
fn a_last_line_that_repeats_in_the_middle_of_the_page_stays() {
    let page = |number: usize, top: f32| {
        let item = format!("Invoice {number} about the pump");
        vec![line(&item, top - 60.0, 10.0), line("Payable to IBAN DE12", top, 10.0)]
    };
    for top in [150.0, 320.0, 480.0, 600.0, 690.0] {
        let pages: Vec<Vec<Line>> = (1..=4).map(|number| page(number, top)).collect();
        let texts: Vec<Vec<&str>> =
            pages.iter().map(|page| page.iter().map(|line| line.text.as_str()).collect()).collect();
        check(&pages, &texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
    let ranks = |number: usize| vec![line("Rank of the team", 250.0, 10.0), line(&number.to_string(), 300.0, 10.0)];
    check(
        &[ranks(1), ranks(2), ranks(3)],
        &[&["Rank of the team", "1"], &["Rank of the team", "2"], &["Rank of the team", "3"]],
    );
}

/// `* Prices exclude VAT.` at the foot of each page stood nowhere in the index.
#[test]
fn one_copy_of_words_that_go_is_kept() {
    let page = |number: usize| {
        let (body, count) = (format!("body {number}"), format!("- {number} -"));
        vec![line(&body, 300.0, 10.0), line("* Prices exclude VAT.", 752.0, 8.0), line(&count, 780.0, 8.0)]
    };
    check(&[page(1), page(2), page(3)], &[&["body 1"], &["body 2"], &["body 3"]]);
    check_kept(&[page(1), page(2), page(3)], &[&["* Prices exclude VAT."], &[], &[]]);
    let section = |number: usize, part: &str| {
        vec![line(&format!("{number} {part}"), 60.0, 9.0), line(&format!("body {number}"), 300.0, 10.0)]
    };
    check_kept(
        &[section(1, "Scope of A"), section(2, "Scope of B"), section(3, "Scope of B")],
        &[&["1 Scope of A"], &["2 Scope of B"], &[]],
    );
}

/// The copy that was kept of a footer said `Page 1 of 4`, and was quoted with it.
#[test]
fn the_copy_that_is_kept_has_no_number_of_a_page() {
    let footer = |number: usize, count: &str| {
        let mut count = line(count, 760.0, 8.0);
        (count.area.left, count.area.right) = (500.0, 560.0);
        vec![line(&format!("body {number}"), 300.0, 10.0), line("Acme Corp - internal", 760.0, 8.0), count]
    };
    let named = |number: usize| footer(number, &format!("Page {number} of 3"));
    check(&[named(1), named(2), named(3)], &[&["body 1"], &["body 2"], &["body 3"]]);
    check_kept(&[named(1), named(2), named(3)], &[&["Acme Corp - internal"], &[], &[]]);
    let bare = |number: usize| footer(number, &number.to_string());
    check_kept(&[bare(1), bare(2), bare(3)], &[&["Acme Corp - internal"], &[], &[]]);
    let in_one = |number: usize| {
        let footer = format!("Acme Corp - internal Page {number} of 3");
        vec![line(&format!("body {number}"), 300.0, 10.0), line(&footer, 760.0, 8.0)]
    };
    check(&[in_one(1), in_one(2), in_one(3)], &[&["body 1"], &["body 2"], &["body 3"]]);
    check_kept(&[in_one(1), in_one(2), in_one(3)], &[&["Acme Corp - internal"], &[], &[]]);
}

/// A total was taken for the number of its page, and a year for one that counts from 2020.
#[test]
fn figures_beside_words_stay_or_are_kept_with_them() {
    let row = |words: &str, figure: u32| {
        let mut figure = line(&figure.to_string(), 760.0, 8.0);
        (figure.area.left, figure.area.right) = (500.0, 520.0);
        vec![line(&format!("body of {}", figure.text), 300.0, 10.0), line(words, 760.0, 8.0), figure]
    };
    check_kept(
        &[row("Total A", 1), row("Total B", 2), row("Total C", 3)],
        &[&["Total A 1"], &["Total B 2"], &["Total C 3"]],
    );
    let source = |year: u32| row("Source: Ministry", year);
    check_kept(
        &[source(2021), source(2022), source(2023)],
        &[&["Source: Ministry 2021"], &["Source: Ministry 2022"], &["Source: Ministry 2023"]],
    );
    check(
        &[row("Source: A", 2021), row("Source: B", 2022), row("Source: C", 2023)],
        &[
            &["body of 2021", "Source: A", "2021"],
            &["body of 2022", "Source: B", "2022"],
            &["body of 2023", "Source: C", "2023"],
        ],
    );
}

/// A table that is printed over pages repeats its header; the first one stays in its place.
#[test]
fn the_header_of_a_table_stays_above_its_first_rows() {
    let page = |number: usize| {
        let row = |at: usize| line(&format!("person {number}{at}"), 72.0 + 12.0 * at as f32, 10.0);
        vec![line("Name", 60.0, 10.0), row(0), row(1)]
    };
    check(&[page(1), page(2)], &[&["Name", "person 10", "person 11"], &["person 20", "person 21"]]);
}

/// Cards and forms, one a page, begin with the same two lines; the sentence in them was torn, half of it left on page 1.
#[test]
fn full_lines_that_go_on_into_the_text_stay_on_each_page() {
    let short = |text: &str, top: f32| Line::run(text.to_owned(), Area::new(50.0, top, 180.0, top + 10.0), 10.0);
    let page = |body: &str| {
        vec![line("This form is for those who", 60.0, 10.0), short("travel by train.", 74.0), line(body, 88.0, 10.0)]
    };
    let expect = |body| ["This form is for those who", "travel by train.", body];
    check(&[page("a b c"), page("d e f")], &[&expect("a b c"), &expect("d e f")]);
    // With a gap below they are a header.
    let page = |body: &str| vec![line("This form is for those who", 60.0, 10.0), line(body, 120.0, 10.0)];
    check(&[page("a"), page("b")], &[&["a"], &["b"]]);
}
