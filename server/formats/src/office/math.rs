//! Equations of Word (OMML) as a line of text: `(a+b)/(2)`, `x^2`, `sqrt(x)`. The structure is kept, the look is not.

use crate::xml::{Element, Node};

/// The text of an equation.
pub(super) fn linear(element: &Element) -> String {
    let mut out = String::new();
    write(element, &mut out);
    out
}

fn write(element: &Element, out: &mut String) {
    let part = |name: &str| element.child(name).map(linear).unwrap_or_default();
    match element.name() {
        "f" => out.push_str(&format!("({})/({})", part("num"), part("den"))),
        "sSup" => out.push_str(&format!("{}^{}", part("e"), grouped(&part("sup")))),
        "sSub" => out.push_str(&format!("{}_{}", part("e"), grouped(&part("sub")))),
        "sSubSup" => out.push_str(&format!("{}_{}^{}", part("e"), grouped(&part("sub")), grouped(&part("sup")))),
        "rad" if part("deg").is_empty() => out.push_str(&format!("sqrt({})", part("e"))),
        "rad" => out.push_str(&format!("root({}, {})", part("deg"), part("e"))),
        "nary" => {
            let sign = element.path(&["naryPr", "chr"]).and_then(|chr| chr.attribute("val")).unwrap_or("∫");
            out.push_str(&format!("{sign}_{}^{} {}", grouped(&part("sub")), grouped(&part("sup")), part("e")));
        }
        "d" => {
            let sides = |name, default| {
                let side = element.path(&["dPr", name]).and_then(|side| side.attribute("val"));
                side.unwrap_or(default).to_owned()
            };
            let inner: Vec<String> = element.elements().filter(|e| e.name() == "e").map(linear).collect();
            out.push_str(&format!("{}{}{}", sides("begChr", "("), inner.join(", "), sides("endChr", ")")));
        }
        "rPr" | "ctrlPr" => {}
        "t" => out.push_str(&element.text()),
        _ => {
            for node in element.nodes() {
                if let Node::Element(child) = node {
                    write(child, out);
                }
            }
        }
    }
}

fn grouped(text: &str) -> String {
    if text.chars().count() > 1 { format!("({text})") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn equations_become_a_line() {
        let check = |xml: &str, expect: &str| assert_eq!(linear(&parse(xml.as_bytes()).root), expect);
        let run = |text: &str| format!("<r><t>{text}</t></r>");
        check(&format!("<oMath>{}</oMath>", run("a=b")), "a=b");
        let fraction = format!("<f><num>{}</num><den>{}</den></f>", run("a+b"), run("2"));
        check(&format!("<oMath>{}{fraction}</oMath>", run("c=")), "c=(a+b)/(2)");
        check(&format!("<oMath><sSup><e>{}</e><sup>{}</sup></sSup></oMath>", run("x"), run("10")), "x^(10)");
        check(&format!("<oMath><rad><deg/><e>{}</e></rad></oMath>", run("x")), "sqrt(x)");
    }
}
