//! The same fact seen twice: fields that carry it are compared. A difference is a doubt of both; a sure witness that says the
//! same lifts the doubt whether a reading is right.

use crate::params::Params;
use rcoi_model::{Confidence, Doubt, FieldReading};
use rcoi_template::Template;

/// Compares every field that has a `same_as` with its other witness. Readings stand in the order of the template's fields.
/// Where either witness says nothing there is nothing to compare.
pub(crate) fn compare(template: &Template, readings: &mut [FieldReading], params: &Params) {
    for (index, field) in template.fields.iter().enumerate() {
        let Some(other) = field.same_as.as_deref() else { continue };
        // A join is the values of its fields one after another.
        let parts: Vec<usize> = match template.joins.iter().find(|j| j.name == other) {
            Some(join) => join.fields.iter().filter_map(|name| place(template, name)).collect(),
            None => place(template, other).into_iter().collect(),
        };
        let mine = plain(&readings[index].value);
        let theirs: Vec<String> = parts.iter().map(|p| plain(&readings[*p].value)).collect();
        if mine.is_empty() || theirs.concat().is_empty() {
            continue;
        }
        if mine == theirs.concat() {
            confirm(readings, index, &parts, params);
            continue;
        }
        doubt(&mut readings[index], other);
        // One character for each field of a join: only the fields that differ are in question.
        let each = theirs.len() == mine.chars().count() && theirs.iter().all(|t| t.chars().count() <= 1);
        for (i, (part, theirs)) in parts.iter().zip(&theirs).enumerate() {
            if !each || mine.chars().nth(i) != theirs.chars().next() {
                doubt(&mut readings[*part], &field.name);
            }
        }
    }
}

fn place(template: &Template, name: &str) -> Option<usize> {
    template.fields.iter().position(|f| f.name == name)
}

/// Blanks between the parts of a value are a matter of layout.
fn plain(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace()).collect()
}

fn doubt(reading: &mut FieldReading, with: &str) {
    let doubt = Doubt::Disagrees { with: with.to_owned() };
    if !reading.doubts.contains(&doubt) {
        reading.doubts.push(doubt);
    }
}

/// Two witnesses agree. Wrong readings of two different prints that are wrong in the same way are rarer by far than right ones,
/// so a doubt that is only about what a sign says goes when the other witness is sure, and both chances grow.
fn confirm(readings: &mut [FieldReading], index: usize, parts: &[usize], params: &Params) {
    let about_signs = |d: &Doubt| matches!(d, Doubt::Ambiguous { .. } | Doubt::Faint | Doubt::CodeUnreadable);
    let sure = |r: &FieldReading| r.doubts.is_empty() && r.confidence.get() >= params.sure_witness;
    let mine = readings[index].confidence.get();
    let theirs = parts.iter().map(|p| readings[*p].confidence.get()).fold(1.0, f32::min);
    let both = Confidence::new(1.0 - (1.0 - mine) * (1.0 - theirs));
    let (i_am_sure, they_are_sure) = (sure(&readings[index]), parts.iter().all(|p| sure(&readings[*p])));
    let mut lift = |which: usize| {
        readings[which].doubts.retain(|d| !about_signs(d));
        readings[which].confidence = both;
    };
    if they_are_sure {
        lift(index);
    }
    if i_am_sure {
        parts.iter().for_each(|p| lift(*p));
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::params::Params;
    use rcoi_model::{Confidence, Doubt, FieldKind, FieldReading, Quad};
    use rcoi_template::Template;

    /// Two bubbled digits that are joined, and the same number by hand.
    fn form() -> Template {
        let marks = |name: &str, y: u32| {
            format!(
                "[[field]]\nname = \"{name}\"\nkind = \"marks\"\nclass = \"document\"\nat = [10, {y}]\nbox = [4, 4]\nstep = [5, 0]\nvalues = \"0123456789\"\n"
            )
        };
        let text = format!(
            "title = \"x\"\nform = \"X\"\npage = [100, 100]\n[locate]\nkind = \"whole\"\nupright = true\n{}{}\
             [[field]]\nname = \"hand\"\nkind = \"cells\"\nclass = \"document\"\nsame_as = \"number\"\nat = [10, 50]\ncell = [4, 6]\nstep = [5, 0]\n\
             count = 2\nalphabet = \"@digits\"\n[join]\nnumber = [\"n1\", \"n2\"]\n",
            marks("n1", 10),
            marks("n2", 20)
        );
        rcoi_template::parse("form.toml", &text).expect("a template")
    }

    fn reading(name: &str, kind: FieldKind, value: &str, confidence: f32, doubts: Vec<Doubt>) -> FieldReading {
        FieldReading {
            name: name.to_owned(),
            kind,
            class: "document".to_owned(),
            value: value.to_owned(),
            confidence: Confidence::new(confidence),
            doubts,
            area: Quad::default(),
            chars: Vec::new(),
            marks: Vec::new(),
        }
    }

    fn compared(n1: &str, n2: &str, hand: &str, doubts: Vec<Doubt>) -> Vec<FieldReading> {
        let mut readings = vec![
            reading("n1", FieldKind::Marks, n1, 0.999, vec![]),
            reading("n2", FieldKind::Marks, n2, 0.999, vec![]),
            reading("hand", FieldKind::Cells, hand, 0.6, doubts),
        ];
        compare(&form(), &mut readings, &Params::default());
        readings
    }

    #[test]
    fn the_same_fact_said_in_two_ways_is_a_doubt_of_both_where_they_differ() {
        let [n1, n2, hand] = compared("4", "2", "43", vec![]).try_into().expect("three fields");
        assert_eq!(hand.doubts, [Doubt::Disagrees { with: "number".to_owned() }]);
        assert_eq!((n1.doubts.len(), n2.doubts), (0, vec![Doubt::Disagrees { with: "hand".to_owned() }]));
        // A length that differs puts every digit in question.
        assert!(compared("4", "2", "4", vec![]).iter().all(|r| r.doubts.len() == 1));
    }

    #[test]
    fn a_sure_witness_settles_what_a_sign_says_and_nothing_else() {
        let signs = Doubt::Ambiguous { cells: vec![1] };
        let agreed = compared("4", "2", "4 2", vec![signs.clone()]);
        assert!(agreed[2].doubts.is_empty() && agreed[2].confidence.get() > 0.99, "{:?}", agreed[2]);
        let overflow = compared("4", "2", "42", vec![signs.clone(), Doubt::Overflow]);
        assert_eq!(overflow[2].doubts, [Doubt::Overflow]);
        let silent = compared("", "", "42", vec![signs.clone()]);
        assert_eq!(silent[2].doubts, [signs]);
    }
}
